"""What VS Code and other debugger clients are given, driven as they drive it."""
