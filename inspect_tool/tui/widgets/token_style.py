"""The colours of tokens, for every theme: trained stands out, masked steps back.

Trained and masked differ by text style as well as by colour. Where there is no colour at all,
trained text is underlined and the cursor is reversed.
"""

from __future__ import annotations

STYLE = """
PassageView {
    padding: 0 1;
    background: $background;
    color: $foreground;
    overflow-x: hidden;
    overflow-y: auto;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    & > .token--plain { color: $foreground; }
    & > .token--masked { color: $foreground 58%; }
    & > .token--trained { color: $text; background: $success 22%; text-style: bold; }
    & > .token--special { color: $text-warning 85%; background: $warning 9%; text-style: italic; }
    & > .token--special-trained {
        color: $text-warning; background: $success 34%; text-style: bold italic;
    }
    & > .token--odd { background: $foreground 9%; }
    & > .token--odd-trained { background: $success 34%; }
    & > .token--match { color: auto 90%; background: $warning 70%; }
    & > .token--cursor {
        color: $block-cursor-foreground;
        background: $block-cursor-background;
        text-style: bold;
    }
    & > .token--cursor-blurred {
        color: $block-cursor-blurred-foreground;
        background: $block-cursor-blurred-background;
        text-style: underline;
    }
    & > .token--id { color: $foreground 45%; }
    & > .token--note { color: $foreground 58%; text-style: italic; }
}
"""
