"""The processes of one run, rank by rank: what each says, how it ends, a debugger in some."""
