"""The two passes around clang-format that make the GTK look; tools/format runs all three.

before() moves an operator that opens a line to the end of the line above, and fences off what clang-format can only
harm: tables, struct bodies, macros and prototypes, which are aligned by hand.

after() removes the fences, puts each parameter of a function definition on its own line with the names aligned, and
writes g_autoptr(Type) and _("text") tight. A definition with a parameter that it cannot read (a function pointer) is
left as it stands.

SPDX-License-Identifier: MIT
"""

import re

OFF = "/* clang-format off */"
ON = "/* clang-format on */"

OPENING_OPERATOR = re.compile(r"^\s+(&&|\|\||[-+*/|=]|[=!<>]=|<<|>>) (?=\S)")
FENCED = re.compile(
    r"""^(?: \#                            # a line for the preprocessor
          | [^/]* = \s* \{                 # a table
          | .* \? .* \? .* ; $             # a chain of choices on one line
          | \s* __asm__ \b
          | (?:typedef\s+|static\s+|const\s+)* (?:struct|union|enum) \b [^;()=]*$
          | typedef\s .* \(                  # a function type
          | [A-Z][A-Z0-9_]+ \s \(            # a macro called outside of functions
          )""", re.VERBOSE)
ATTRIBUTE = re.compile(r"^[a-zA-Z].* G_GNUC_[A-Z_]+\b[^;]*$")
PROTOTYPE = re.compile(r"^[A-Za-z_][\w *]*\(")

# What clang-format takes for an operator that is as wide as the call that it stands for, so that lines below align.
MARKED = '~("'
# A type's name among the arguments makes it take a product for a pointer: g_new (float, n *m). In capitals it does not.
ALLOCATION = re.compile(r"\b(g_\w*(?:new|new0|renew|newa|newa0) \()(char|int|float|double)\b", re.IGNORECASE)
LITERAL = re.compile(r"\)\{(?=[ \n])")
TIGHT = re.compile(r"\b(g_auto(?:ptr|list|slist|queue)?|_|N_|C_|NC_|Q_) \((?=\S)")
DEFINITION = re.compile(r"^(?P<head>[A-Za-z_]\w* \()(?P<parameters>(?:(?!\)\n)[^;{}#])*)\)\n(?=\{)", re.MULTILINE)
PARAMETER = re.compile(r"^(?P<type>.*?[\w)])\s*(?P<stars>\**)(?P<name>\b\w+(?:\[[^\]]*\])*)$", re.DOTALL)


def comment_lines(lines):
    """Says of each line whether it lies in a comment of several lines."""
    inside, flags = False, []
    for line in lines:
        flags.append(inside or line.lstrip().startswith("/*"))
        opened, closed = line.rfind("/*"), line.rfind("*/")
        inside = opened > closed if opened != closed else inside
    return flags


def trailing_operators(lines):
    """Moves opening operators up; comments and preprocessor lines stay."""
    moved = []
    in_comment = comment_lines(lines)
    for i, line in enumerate(lines):
        match = OPENING_OPERATOR.match(line)
        above = moved[-1].rstrip() if moved else ""
        if match and above and not in_comment[i] and above[-1] not in ";{},\\/" and not above.startswith("#"):
            moved[-1] = above + " " + match[1]
            line = line[:match.start(1)] + line[match.end():]
        moved.append(line)
    return moved


def depth_change(line):
    code = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/', "", line)
    return sum(code.count(opening) for opening in "({[") - sum(code.count(closing) for closing in ")}]")


def end_of_region(lines, first):
    """The index of the last line of the bracketed or continued region that lines[first] opens."""
    depth = 0
    for i in range(first, len(lines)):
        depth += depth_change(lines[i])
        if lines[i].endswith("\\"):
            continue
        if depth <= 0 and (i > first or not lines[i + 1:i + 2] or not lines[i + 1].lstrip().startswith("{")):
            return i
    return len(lines) - 1


def is_by_hand(lines, first):
    """Whether a prototype opens at lines[first], or a definition whose parameters after() could not align again."""
    if PROTOTYPE.match(lines[first]) is None:
        return False
    last = end_of_region(lines, first)
    return lines[last].endswith(";") or "(*" in "".join(lines[first:last + 1])


def before(text):
    lines = trailing_operators(text.split("\n"))
    in_comment = comment_lines(lines)
    fenced = []
    i = 0
    while i < len(lines):
        if in_comment[i]:
            fenced.append(lines[i])
            i += 1
        elif ATTRIBUTE.match(lines[i]):
            last = next((j for j in range(i, len(lines) - 1) if lines[j + 1].startswith("{")), i)
            fenced += [OFF, *lines[i:last + 1], ON]
            i = last + 1
        elif FENCED.match(lines[i]) or is_by_hand(lines, i):
            last = end_of_region(lines, i)
            fenced += [OFF, *lines[i:last + 1], ON]
            i = last + 1
        else:
            fenced.append(lines[i])
            i += 1
    text = re.sub(r'\b_ ?\("', MARKED, "\n".join(fenced))
    return ALLOCATION.sub(lambda match: match[1] + match[2].upper(), text)


def split_parameters(text):
    """Splits at the commas outside parentheses and brackets."""
    parts = [""]
    depth = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [" ".join(part.split()) for part in parts]


def align(parameters):
    """Returns the parameters with their names in one column, or None where one is beyond this script."""
    rows = []
    for parameter in parameters:
        match = PARAMETER.match(parameter)
        if parameter == "...":
            rows.append(None)
        elif match is None or "(" in parameter or "/*" in parameter:
            return None
        else:
            rows.append((match["type"], match["stars"], match["name"]))
    width = max((len(row[0]) for row in rows if row), default=0)
    stars = max((len(row[1]) for row in rows if row), default=0)
    return ["..." if row is None else f"{row[0]:<{width}} {row[1]:>{stars}}{row[2]}" for row in rows]


def line_up(match):
    parameters = split_parameters(match["parameters"])
    if parameters in ([""], ["void"]):
        return match[0]
    aligned = align(parameters) if len(parameters) > 1 else parameters
    if aligned is None:
        return match[0]
    indent = " " * len(match["head"])
    return match["head"] + (",\n" + indent).join(aligned) + ")\n"


def after(text):
    lines = [line for line in text.split("\n") if line.strip() not in (OFF, ON)]
    text = "\n".join(lines).replace(MARKED, '_("')
    text = ALLOCATION.sub(lambda match: match[1] + match[2].lower(), text)
    text = LITERAL.sub(") {", text)
    return DEFINITION.sub(line_up, TIGHT.sub(r"\1(", text))

