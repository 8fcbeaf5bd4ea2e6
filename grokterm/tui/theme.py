"""The colors of the application; pictures have palettes of their own."""

from textual.theme import Theme

# Every color is one of xterm's 256, which ssh carries.
THEME = Theme(
    name="grokterm",
    primary="#5fafff",
    secondary="#00af87",
    accent="#ff8700",
    warning="#ffaf5f",
    error="#ff5f5f",
    success="#00af87",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    variables={"border": "#444444", "footer-key-foreground": "#5fafff", "footer-background": "#1c1c1c"},
)
