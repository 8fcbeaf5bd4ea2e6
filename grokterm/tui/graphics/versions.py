"""Which terminals know the placeholders of kitty's protocol: others have the protocol without them."""

import re

_NAME = re.compile(rb"(\w+)[ (]?(\d+)?\.?(\d+)?")


def has_placeholders(name: bytes) -> bool:
    """Tell by the name and version that a terminal gives itself, as in `kitty(0.41.1)`."""
    named = _NAME.match(name)
    if named is None:
        return False
    version = tuple(int(number or 0) for number in named.groups()[1:])
    return named[1].lower() == b"ghostty" or (named[1].lower() == b"kitty" and version >= (0, 28))
