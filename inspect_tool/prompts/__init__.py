"""How a raw row becomes token ids and labels, and why: asked of axolotl, not done in its place."""
