"""tree.py: the whole accessibility tree of a program at one moment, fetched in few round trips.

libatspi asks for every name, role and state one after the other, which takes seconds for a window. Here the children of
a whole level are asked for at once, and one call to the toolkit's cache tells the rest. What is found is a copy that does
not change with the window.

SPDX-License-Identifier: MIT
"""

from driver import Atspi, wait_until
from gi.repository import Gio, GLib

ACCESSIBLE = "org.a11y.atspi.Accessible"
CACHE = "org.a11y.atspi.Cache"


class Node:
    """One thing of the window: what it is called, what it is, and what is in it."""

    def __init__(self, path):
        self.path = path
        self.name = ""
        self.role = ""
        self.description = ""
        self.states = 0
        self.children = []

    def has(self, state):
        return bool(self.states >> int(state) & 1)

    @property
    def visible(self):
        return self.has(Atspi.StateType.VISIBLE)

    @property
    def focusable(self):
        return self.has(Atspi.StateType.FOCUSABLE)

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()

    def __str__(self):
        return f"{self.role} '{self.name}'"

    def outline(self, depth=0):
        """As text, to read when a test fails."""
        lines = ["  " * depth + str(self) + ("" if self.visible else " (hidden)")]
        return "\n".join(lines + [child.outline(depth + 1) for child in self.children])


class Tree:
    """Where a program's accessible things are asked for."""

    def __init__(self, application):
        session = Gio.bus_get_sync(Gio.BusType.SESSION)
        address = session.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None,
                                    Gio.DBusCallFlags.NONE, -1).unpack()[0]
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags)
        self.name = application.app.bus_name
        self.root = application.path

    def children_of(self, paths):
        """Lists of paths for PATHS, which are asked for at once; a thing that went meanwhile has none."""
        found = {}

        def answered(bus, result, path):
            try:
                found[path] = [child for _, child in bus.call_finish(result).unpack()[0]]
            except GLib.Error:
                found[path] = []
        for path in paths:
            self.bus.call(self.name, path, ACCESSIBLE, "GetChildren", None, None, Gio.DBusCallFlags.NONE, 30000, None,
                          answered, path)
        while len(found) < len(paths):
            GLib.MainContext.default().iteration(True)
        return found

    def items(self):
        """Path → (name, role, description, states), of what somebody has asked for before."""
        items = self.bus.call_sync(self.name, "/org/a11y/atspi/cache", CACHE, "GetItems", None, None,
                                   Gio.DBusCallFlags.NONE, 30000).unpack()[0]
        return {item[0][1]: item[-4:] for item in items}

    def fill(self, nodes):
        """Names, roles and states."""
        told = self.items()
        for path in nodes.keys() & told.keys():  # what went meanwhile stays a node without a role
            node = nodes[path]
            node.name, role, node.description, states = told[path]
            node.role = Atspi.role_get_name(Atspi.Role(role))
            node.states = states[0] | states[1] << 32

    def fetch(self):
        """The program's node, with everything below it."""
        nodes = {self.root: Node(self.root)}
        level = [self.root]
        while level:
            found = self.children_of(level)
            level = []
            for path, below in found.items():
                for child in below:
                    nodes[child] = Node(child)
                    nodes[path].children.append(nodes[child])
                level += below
        self.fill(nodes)
        return nodes[self.root]

    def find(self, name, *roles):
        """The visible thing with this NAME, at whose end a mnemonic may stand in brackets."""
        def check():
            return next((node for node in self.fetch().walk() if node.visible and (not roles or node.role in roles)
                         and name in (node.name, node.name.split("(")[0])), None)
        return wait_until(check, f"something named {name}", 8)

    def focused(self):
        """The name of what has the keyboard; the toolkit may have to be asked for everything before it knows."""
        bit = 1 << int(Atspi.StateType.FOCUSED)

        def known():
            return next((name for name, _, _, states in self.items().values() if states[0] & bit), None)
        name = known()
        if name is None:
            self.fetch()
            name = known()
        return name or ""

    def push(self, name, *roles):
        """Does what a click on it does."""
        path = self.find(name, *(roles or ("push button", "toggle button"))).path
        self.bus.call_sync(self.name, path, "org.a11y.atspi.Action", "DoAction", GLib.Variant("(i)", (0,)), None,
                           Gio.DBusCallFlags.NONE, 30000)
