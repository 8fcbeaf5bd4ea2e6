"""Sixel, by textual-image's encoder, which the extra `pixels` installs."""

from grokterm.plots.pixels import Pixels


def encode(pixels: Pixels, background: tuple[int, int, int]) -> str:
    """Write a picture at the cursor; blank pixels take the color of the background."""
    from PIL import Image
    from textual_image._sixel import image_to_sixels  # textual_image.renderable asks the terminal when it is imported

    height, width = pixels.levels.shape
    image = Image.frombytes("P", (width, height), pixels.levels.tobytes())
    image.putpalette([*background, *pixels.colors[1:].tobytes()])
    return str(image_to_sixels(image))
