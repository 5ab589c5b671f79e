"""The colours of tokens, for every theme: trained stands out, masked steps back.

Trained and masked differ by text style as well as by colour. Where colour is missing altogether,
trained text is underlined and the cursor is reversed; a terminal's own sixteen colours cannot be
blended, so that there trained text is coloured itself instead of its background.
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
    & > .token--masked { color: $foreground 62%; }
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
    & > .token--id { color: $foreground 66%; }
    & > .token--note { color: $foreground 62%; text-style: italic; }

    &:ansi {
        & > .token--masked { color: ansi_default; text-style: dim; }
        & > .token--trained {
            color: $success; background: ansi_default; text-style: bold;
        }
        & > .token--special {
            color: $warning; background: ansi_default; text-style: italic;
        }
        & > .token--special-trained {
            color: $warning; background: ansi_default; text-style: bold italic underline;
        }
        & > .token--odd { background: ansi_default; text-style: underline; }
        & > .token--odd-trained { background: ansi_default; text-style: underline; }
        & > .token--match { color: ansi_black; background: ansi_yellow; }
        & > .token--cursor { color: ansi_default; background: ansi_default; text-style: reverse; }
        & > .token--cursor-blurred { background: ansi_default; text-style: underline; }
        & > .token--id { color: ansi_default; }
        & > .token--note { color: ansi_default; text-style: dim italic; }
    }

    &:nocolor {
        & > .token--trained { text-style: bold underline; }
        & > .token--special-trained { text-style: bold italic underline; }
        & > .token--match { text-style: bold italic; }
        & > .token--cursor {
            color: $foreground; background: $background; text-style: bold reverse;
        }
        & > .token--cursor-blurred {
            color: $foreground; background: $background; text-style: reverse;
        }
    }
}
"""
