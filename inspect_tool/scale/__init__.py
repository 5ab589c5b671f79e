"""The same config on many processes: checked, sized, rehearsed and launched."""
