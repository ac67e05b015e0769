# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Makes a drawn SVG safe and small: known elements only, coarse numbers, ids of its own.

``shrink`` is what stands between a diagram's author and the reader's page: it rebuilds the
picture from the elements and attributes listed here, so what is not listed cannot pass.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from math import atan2, hypot, isfinite, pi, sin
from xml.sax.saxutils import escape, quoteattr

SVG = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"
MATHML = "http://www.w3.org/1998/Math/MathML"
XLINK = "{http://www.w3.org/1999/xlink}href"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SVG_ELEMENTS = _words(
    "svg g defs path rect circle ellipse line polygon polyline text tspan textPath a image use "
    "symbol marker clipPath mask pattern linearGradient radialGradient stop filter feBlend "
    "feColorMatrix feComponentTransfer feComposite feDropShadow feFlood feFuncA feFuncB feFuncG "
    "feFuncR feGaussianBlur feMerge feMergeNode feOffset foreignObject"
)
_HTML_ELEMENTS = _words("div span p br b i em strong sub sup u s code")
_MATH_ELEMENTS = _words(
    "math mrow mi mn mo ms mtext mspace msub msup msubsup munder mover munderover mfrac msqrt "
    "mroot mtable mtr mtd mstyle mpadded mphantom menclose semantics mmultiscripts none"
)
_NUMBERS = _words(
    "x y x1 x2 y1 y2 cx cy r rx ry dx dy width height refX refY markerWidth markerHeight "
    "stroke-width stroke-dasharray stroke-dashoffset font-size offset textLength startOffset "
    "letter-spacing points viewBox opacity fill-opacity stroke-opacity stop-opacity stdDeviation "
    "flood-opacity slope"
)
_WORDS = _words(
    "fill fill-rule stroke stroke-linecap stroke-linejoin font-family font-weight font-style "
    "text-anchor dominant-baseline alignment-baseline baseline-shift text-decoration paint-order "
    "visibility marker-start marker-mid marker-end filter clip-path mask stop-color flood-color "
    "transform gradientTransform patternTransform preserveAspectRatio orient markerUnits "
    "clipPathUnits gradientUnits maskUnits maskContentUnits patternUnits patternContentUnits "
    "filterUnits lengthAdjust in in2 result type values mode operator k1 k2 k3 k4 rotate "
    "pathLength"
)
_MATH_WORDS = _words(
    "display mathvariant stretchy fence columnalign accent accentunder width height depth "
    "lspace rspace linethickness scriptlevel displaystyle minsize maxsize separator"
)
# No address in any spelling: a reference is ``url(#name)`` alone, and that is asked for apart.
_NO_ADDRESS = r"(?i:(?!.*(?:url|image|src|//)))"
_PLAIN = re.compile(rf"{_NO_ADDRESS}[\w #%.,()+\-/]*\Z")
_URL = re.compile(r"url\(#([^\s()\"']+)\)\Z")
_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=]+\Z")
_HTML_STYLE = re.compile(
    rf"{_NO_ADDRESS}(?:(?:font|color|text-align|white-space|margin):[\w #%.,()+\-/\"]*;?)*\Z",
    re.IGNORECASE,
)
_BLEND = re.compile(r"mix-blend-mode:\s*[a-z-]+;?\Z")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s\Z")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PATH = re.compile(rf"[MmLlHhVvCcSsQqTtAaZz]|{_NUMBER.pattern}")
_PATH_TEXT = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9eE.,+\-\s]*\Z")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_SHAPES = _words("path rect circle ellipse line polygon polyline")
_KEPT_EMPTY = _SHAPES | _words(
    "svg image use stop br feBlend feColorMatrix feComposite feDropShadow feFlood feFuncA feFuncB "
    "feFuncG feFuncR feGaussianBlur feMergeNode feOffset mspace none"
)

Segment = tuple[str, list[float]]
_Stroke = tuple[float, ...]  # start, two control points, end: x and y of each


class UnsafeSvgError(ValueError):
    """What was to be a picture is no SVG, or not one that can be made safe."""


def shrink(svg: str, prefix: str) -> str:
    """Return the same picture with nothing in it but what a picture needs, in few bytes.

    Kept are the elements and attributes of this module's lists. Links lead to http(s) only, images
    are data URIs, and references point inside the picture. Coordinates are rounded to 0.1 px and
    hachures thinned (see ``short_path``), ids and font families begin with ``prefix``, and what
    nothing refers to is dropped.

    Args:
        svg: The text of an SVG document, as drawn.
        prefix: Begins every id, class and font family, so that several pictures fit in one page.

    Raises:
        UnsafeSvgError: The text is not well-formed XML, has a document type, or is not an SVG.
    """
    if "<!DOCTYPE" in svg:
        raise UnsafeSvgError("an SVG with a document type")
    try:
        source = ET.fromstring(svg)
    except (ET.ParseError, ValueError) as error:
        raise UnsafeSvgError(f"not well-formed: {error}") from None
    if source.tag != f"{{{SVG}}}svg":
        raise UnsafeSvgError(f"not an SVG: <{source.tag}>")
    root = _copy(source, set())
    assert root is not None
    _drop_unused(root)
    motions = _name(root, prefix)
    style = "".join(
        f".{name}{{stroke-dashoffset:900;animation:{prefix}-dash {seconds}s linear infinite}}"
        for name, seconds in motions.items()
    )
    if style:
        # Motion is for those who did not ask for less of it.
        sheet = ET.Element(f"{{{SVG}}}style")
        sheet.text = (
            f"@media (prefers-reduced-motion:no-preference){{{style}}}"
            f"@keyframes {prefix}-dash{{to{{stroke-dashoffset:0}}}}"
        )
        root.insert(0, sheet)
    return _serialise(root)


def letters(svg: str) -> dict[tuple[str, int], str]:
    """Return the characters that a shrunk picture sets in each family and weight, sorted.

    The weight is 400 or 700, whichever is drawn.
    """
    found: dict[tuple[str, int], set[str]] = {}

    def visit(element: ET.Element, family: str, weight: int) -> None:
        if (_local(element)) == "style":
            return
        family = element.get("font-family", family)
        if _local(element) == "foreignObject":
            named = re.search(r"font:[^;]*?([\w-]+)(?:;|$)", "".join(_styles(element)))
            family = named[1] if named else family
        stated = element.get("font-weight", str(weight))
        weight = (700 if int(stated) >= 600 else 400) if stated.isdigit() else weight
        texts = [element.text, *(child.tail for child in element)]
        for text in filter(None, texts):
            if family and text.strip():
                found.setdefault((family, weight), set()).update(text)
        for child in element:
            visit(child, family, weight)

    visit(ET.fromstring(svg), "", 400)
    return {key: "".join(sorted(value)) for key, value in sorted(found.items())}


def _styles(element: ET.Element) -> Iterator[str]:
    return (child.get("style", "") for child in element.iter())


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _copy(source: ET.Element, inside: set[str]) -> ET.Element | None:
    """Copy an element, its attributes and its children as far as they are known to be harmless."""
    if not isinstance(source.tag, str):  # a comment or processing instruction
        return None
    namespace, _, name = source.tag[1:].rpartition("}")
    if namespace == SVG:
        if name not in _SVG_ELEMENTS or "foreignObject" in inside:
            return None
        attributes = _svg_attributes(name, source)
    elif namespace == XHTML and "foreignObject" in inside:
        if name not in _HTML_ELEMENTS:
            return None
        style = source.get("style", "")
        attributes = {"style": style} if style and _HTML_STYLE.match(style) else {}
    elif namespace == MATHML and "foreignObject" in inside:
        if name not in _MATH_ELEMENTS:
            return None
        attributes = {
            key: value
            for key, value in source.attrib.items()
            if key in _MATH_WORDS and _PLAIN.match(value)
        }
    else:
        return None
    if name == "image" and "href" not in attributes:
        return None
    element = ET.Element(source.tag, attributes)
    keeps_text = namespace != SVG or name in {"text", "tspan", "textPath", "a"}
    element.text = source.text if keeps_text else None
    previous: ET.Element | None = None
    for child in source:
        made = _copy(child, inside | {name})
        tail = child.tail if keeps_text else None
        if made is not None:
            made.tail = tail
            element.append(made)
            previous = made
        elif tail and previous is not None:
            previous.tail = (previous.tail or "") + tail
        elif tail:
            element.text = (element.text or "") + tail
    if not len(element) and not (element.text or "").strip() and name not in _KEPT_EMPTY:
        return element if namespace == MATHML else None
    if name == "g" and not attributes and len(element) == 1:
        return element[0]
    return element


def _svg_attributes(name: str, source: ET.Element) -> dict[str, str]:
    attributes: dict[str, str] = {}
    hachure = False
    for key, value in source.attrib.items():
        value = value.strip()
        if key in ("href", XLINK):
            if _href_is_safe(name, value):
                attributes["href"] = value
        elif key == "id":
            attributes["id"] = value
        elif key == "d" and _PATH_TEXT.match(value):
            attributes["d"], hachure = short_path(value)
        elif key == "style" and _BLEND.match(value):
            attributes["style"] = value
        elif key == "data-dash" and _SECONDS.match(value):
            attributes["data-dash"] = value
        elif (key in _NUMBERS or key in _WORDS) and (_URL.match(value) or _PLAIN.match(value)):
            attributes[key] = _short_value(key, value)
    if hachure and (width := _NUMBER.match(attributes.get("stroke-width", "1"))):
        attributes["stroke-width"] = _plain_number(str(float(width[0]) * 1.5), 2)
    if name == "a" and "href" in attributes:
        attributes |= {"target": "_blank", "rel": "noopener"}
    return attributes


def _href_is_safe(name: str, value: str) -> bool:
    if name == "a":
        return re.match(r"https?://[^\s\"'<>]+\Z", value, re.IGNORECASE) is not None
    if name == "image":
        return _IMAGE.match(value) is not None
    return value.startswith("#")


def _short_value(key: str, value: str) -> str:
    if key in _NUMBERS or "ransform" in key:
        # Scales, angles and fractions need more digits than places do.
        digits = 1 if key in _NUMBERS and "opacity" not in key and key != "offset" else 3
        value = _NUMBER.sub(lambda found: _plain_number(found[0], digits), value)
        value = value.replace("px", "") if "%" not in value else value
        return re.sub(r"\s*,\s*", " ", value) if key in _NUMBERS else value.replace(", ", ",")
    colour = re.match(r"rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)\Z", value)
    if colour:
        red, green, blue = (min(255, int(part)) for part in colour.groups()[:3])
        alpha = "" if colour[4] is None else f"{min(255, round(float(colour[4]) * 255)):02x}"
        return f"#{red:02x}{green:02x}{blue:02x}{alpha}"
    return value


def _plain_number(text: str, digits: int) -> str:
    number = float(text)
    if not isfinite(number):
        return "0"
    short = f"{number:.{digits}f}"
    if "." in short:
        short = short.rstrip("0").rstrip(".")
    return "0" if short in ("-0", "") else short


def short_path(data: str) -> tuple[str, bool]:
    """Return path data with relative, rounded coordinates, and whether it is a hachure.

    Of a hachure, which Rough draws twice over, one stroke of two is left, with one control point
    and whole pixels: half the strokes at one and a half times the width look the same.
    """
    segments = list(_absolute(data))
    places = [v for _, values in segments for v in values]
    if not segments or not all(isfinite(v) and abs(v) < 1e7 for v in places):
        return "", False
    if _is_hachure(strokes := _strokes(segments)):
        return _relative(_one_of_two(strokes), 1), True
    small = max(places, default=0) - min(places, default=0) < 40
    return _relative(segments, 100 if small else 10), False


def _absolute(data: str) -> Iterator[Segment]:
    """Read path data into absolute M, L, C, Q, A and Z segments; what is malformed ends it."""
    tokens = _PATH.findall(data)
    at, x, y, start = 0, 0.0, 0.0, (0.0, 0.0)
    command = ""
    control: tuple[str, float, float] | None = None
    while at < len(tokens):
        if tokens[at].isalpha():
            command, at = tokens[at], at + 1
        elif command in ("M", "m"):
            command = "L" if command == "M" else "l"
        elif not command or command in "Zz":
            return
        upper = command.upper()
        count = _ARGUMENTS[upper]
        raw = tokens[at : at + count]
        if len(raw) < count or any(token.isalpha() for token in raw):
            return
        at += count
        values = [float(token) for token in raw]
        dx, dy = (x, y) if command.islower() else (0.0, 0.0)
        if upper == "Z":
            x, y = start
            control = None
            yield "Z", []
            continue
        if upper == "H":
            upper, values = "L", [values[0] + dx, y]
        elif upper == "V":
            upper, values = "L", [x, values[0] + dy]
        elif upper == "A":
            values = [*values[:5], values[5] + dx, values[6] + dy]
        else:
            values = [v + (dy if i % 2 else dx) for i, v in enumerate(values)]
            if upper in "ST":
                kind = "C" if upper == "S" else "Q"
                mirrored = control is not None and control[0] == kind
                cx, cy = (
                    (2 * x - control[1], 2 * y - control[2]) if mirrored and control else (x, y)
                )
                upper, values = kind, [cx, cy, *values]
        control = (upper, values[-4], values[-3]) if upper in "CQ" else None
        x, y = values[-2:]
        if upper == "M":
            start = (x, y)
        yield upper, values


def _strokes(segments: list[Segment]) -> list[_Stroke]:
    """Read a path as pen strokes of one curve each; empty if it is anything else."""
    if len(segments) % 2 or not all(
        a[0] == "M" and b[0] == "C" for a, b in zip(segments[::2], segments[1::2], strict=True)
    ):
        return []
    return [(*a[1], *b[1]) for a, b in zip(segments[::2], segments[1::2], strict=True)]


def _is_hachure(strokes: list[_Stroke]) -> bool:
    """Whether the strokes are many and run one way: Rough's fill, not its outline."""
    long = [s for s in strokes if hypot(s[6] - s[0], s[7] - s[1]) > 12]
    if len(long) < 6:
        return False
    angles = sorted(atan2(s[7] - s[1], s[6] - s[0]) % pi for s in long)
    middle = angles[len(angles) // 2]
    aside = sum(abs(sin(angle - middle)) > 0.35 for angle in angles)
    return aside <= len(angles) // 10


def _one_of_two(strokes: list[_Stroke]) -> list[Segment]:
    """Keep one of each two strokes that run side by side, as a curve of one control point."""
    kept: list[Segment] = []
    last: _Stroke | None = None
    for stroke in strokes:
        x0, y0, x1, y1, x2, y2, x, y = stroke
        if hypot(x - x0, y - y0) < 0.5:
            continue
        if last and hypot(x0 - last[0], y0 - last[1]) < 4 and hypot(x - last[6], y - last[7]) < 4:
            last = None
            continue
        last = stroke
        control = [(3 * (x1 + x2) - x0 - x) / 4, (3 * (y1 + y2) - y0 - y) / 4]
        kept += [("M", [x0, y0]), ("Q", [*control, x, y])]
    return kept


def _relative(segments: list[Segment], scale: int) -> str:
    """Write absolute segments relative to a pen that stands where it was rounded to."""
    out: list[str] = []
    last = ""
    x = y = 0
    start = (0, 0)
    for upper, values in segments:
        if upper == "Z":
            out.append("z")
            last, (x, y) = "z", start
            continue
        if upper == "A":
            end = [round(values[5] * scale) - x, round(values[6] * scale) - y]
            flags = "".join(str(int(bool(v))) + " " for v in values[3:5])
            radii = [_fixed(round(abs(v) * scale), scale) for v in values[:2]]
            out.append(f"a{radii[0]} {radii[1]} {_plain_number(str(values[2]), 1)} {flags}")
            out.append(_join([_fixed(v, scale) for v in end]))
            last = "a"
        else:
            points = [round(v * scale) for v in values]
            numbers = [v - (y if i % 2 else x) for i, v in enumerate(points)]
            if not any(numbers) and upper in "LCQ":
                continue
            command = upper.lower()
            text = _join([_fixed(v, scale) for v in numbers])
            joiner = command if command != last else ("" if text.startswith("-") else " ")
            out.append(("M" if not out else joiner) + text)
            # After "m", further pairs would be lines; so a move is always written out.
            last = "" if command == "m" else command
            end = numbers[-2:]
        x, y = x + end[0], y + end[1]
        if upper == "M":
            start = (x, y)
    return "".join(out)


def _fixed(number: int, scale: int) -> str:
    if scale == 1:
        return str(number)
    text = f"{number / scale:.{len(str(scale)) - 1}f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _join(numbers: list[str]) -> str:
    text = numbers[0]
    for number in numbers[1:]:
        text += number if number.startswith("-") else " " + number
    return text


def _references(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        for key, value in element.attrib.items():
            if found := _URL.match(value):
                yield found[1]
            elif key == "href" and value.startswith("#"):
                yield value[1:]


def _drop_unused(root: ET.Element) -> None:
    """Drop markers, gradients and the like that nothing refers to, and ids that nobody uses."""
    passive = _words("marker clipPath mask pattern filter symbol linearGradient radialGradient")
    while True:
        used = set(_references(root))
        dropped = False
        for parent in list(root.iter()):
            for child in list(parent):
                name = _local(child)
                idle = name in passive and child.get("id") not in used
                hollow = name in ("g", "defs") and not len(child) and child.get("id") not in used
                if idle or hollow:
                    parent.remove(child)
                    dropped = True
        if not dropped:
            break
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)


def _name(root: ET.Element, prefix: str) -> dict[str, str]:
    """Rename ids, families and moving lines; return {class of a moving line: seconds}."""
    known: dict[str, str] = {}
    motions: dict[str, str] = {}
    for element in root.iter():
        if name := element.get("id"):
            # The first of two equal ids is the one that references mean.
            if name in known:
                del element.attrib["id"]
            else:
                known[name] = f"{prefix}{len(known)}"
                element.set("id", known[name])
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if found := _URL.match(value):
                if found[1] in known:
                    element.set(key, f"url(#{known[found[1]]})")
                else:
                    del element.attrib[key]
            elif key == "href" and value.startswith("#"):
                if value[1:] in known:
                    element.set(key, f"#{known[value[1:]]}")
                else:
                    del element.attrib[key]
            elif key == "font-family" or (key == "style" and "zoo-" in value):
                element.set(key, value.replace("zoo-", f"{prefix}-"))
        if found := _SECONDS.match(element.attrib.pop("data-dash", "")):
            name = f"{prefix}-d{found[1].replace('.', '_')}"
            motions[name] = found[1]
            element.set("class", name)
            element.attrib.pop("stroke-dashoffset", None)
    return motions


def _serialise(root: ET.Element) -> str:
    """Write without namespace prefixes, which an SVG set into HTML could not have."""

    def write(element: ET.Element, outer: str) -> Iterator[str]:
        namespace, _, name = element.tag[1:].rpartition("}")
        yield f"<{name}"
        if namespace != outer:
            yield f' xmlns="{namespace}"'
        for key, value in element.attrib.items():
            yield f" {key}={quoteattr(value)}"
        if not len(element) and not element.text:
            yield "/>" if namespace == SVG else f"></{name}>"
        else:
            yield ">"
            yield escape(element.text or "")
            for child in element:
                yield from write(child, namespace)
                yield escape(child.tail or "")
            yield f"</{name}>"

    return "".join(write(root, ""))
