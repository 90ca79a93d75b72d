#!/usr/bin/python3
"""test-notify.py: a picture that is finished while nobody looks is told to the desktop, and only then.

The desktop's part is played here: what is sent to org.freedesktop.Notifications is read, and clicked on. Run by
tests/ui/rig --as-user. SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    from artist import check_needs, start
    from driver import Failed, application, outline, press, push, run, wait_until
    from gi.repository import Gio, GLib
except (ImportError, ValueError) as error:
    print("skipped:", error)
    sys.exit(77)

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
WORDS = "赤い猫"
SETTINGS = os.path.join(os.environ["XDG_CONFIG_HOME"], "glib-2.0", "settings", "keyfile")
QUIET_S = 2  # a notification that is not to come would be here by then
INTERFACE = """<node><interface name='org.freedesktop.Notifications'>
  <method name='GetCapabilities'><arg type='as' direction='out'/></method>
  <method name='GetServerInformation'>
    <arg type='s' direction='out'/><arg type='s' direction='out'/>
    <arg type='s' direction='out'/><arg type='s' direction='out'/>
  </method>
  <method name='Notify'>
    <arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>
    <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>
    <arg type='a{sv}' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='out'/>
  </method>
  <method name='CloseNotification'><arg type='u' direction='in'/></method>
  <signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>
</interface></node>"""


class Desktop:
    """Shows nothing, and remembers everything."""

    def __init__(self):
        self.shown = {}
        self.closed = []
        self.connection = Gio.bus_get_sync(Gio.BusType.SESSION)
        interface = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
        self.connection.register_object(PATH, interface, self.on_call, None, None)
        self.owner = Gio.bus_own_name_on_connection(self.connection, NAME, Gio.BusNameOwnerFlags.NONE, None, None)

    def on_call(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        answer = None
        if method == "Notify":
            number = len(self.shown) + 1
            self.shown[number] = parameters.unpack()
            answer = GLib.Variant("(u)", (number,))
        elif method == "CloseNotification":
            self.closed.append(parameters.unpack()[0])
        elif method == "GetCapabilities":
            answer = GLib.Variant("(as)", (["actions", "body"],))
        elif method == "GetServerInformation":
            answer = GLib.Variant("(ssss)", ("test", "test", "1", "1.2"))
        invocation.return_value(answer)

    def wait(self, check, what):
        def hear():
            while GLib.MainContext.default().iteration(False):
                pass
            return check()
        return wait_until(hear, what)

    def click(self, number):
        self.connection.emit_signal(None, PATH, NAME, "ActionInvoked", GLib.Variant("(us)", (number, "default")))

    def check_quiet(self, n_shown):
        end = time.monotonic() + QUIET_S
        while time.monotonic() < end:
            GLib.MainContext.default().iteration(False)
            assert len(self.shown) == n_shown, f"there was one too many: {self.shown}"
            time.sleep(0.05)


def paint(program):
    """By the button, which needs no keyboard; returns the picture's file."""
    program.forget()
    push(application(program), "生成")
    return program.wait("SAVED", 180).split(" ", 1)[1]


def active_window():
    return subprocess.run(["xdotool", "getactivewindow"], check=False, capture_output=True, text=True).stdout.strip()


def look_away(program):
    run("xdotool", "windowminimize", "--sync", program.window)


def check_away(program, desktop):
    """It has the words and the picture, and a click on it brings the window back."""
    look_away(program)
    path = paint(program)
    desktop.wait(lambda: len(desktop.shown) == 1, "the notification")
    _name, _replaced, _icon, title, body, actions, hints, _timeout = desktop.shown[1]
    assert (title, body) == ("絵ができました", WORDS), (title, body)
    assert "default" in actions, actions
    assert hints.get("desktop-entry") == "io.github.eshi_app.Eshi", hints
    assert path in str(hints.get("image-path", hints.get("image_path", ""))), f"the picture is not beside the words: {hints}"
    desktop.click(1)
    desktop.wait(lambda: active_window() == program.window, "the window that comes back")


def check_withdrawn(program, desktop):
    """Who comes back without it has no use for it any more."""
    look_away(program)
    paint(program)
    desktop.wait(lambda: len(desktop.shown) == 2, "the second notification")
    run("xdotool", "windowactivate", "--sync", program.window)
    desktop.wait(lambda: desktop.closed == [2], "the notification's end")


def check_watched(program, desktop):
    """Who looks at the window, or at another one of ours, is not told."""
    paint(program)
    desktop.check_quiet(2)
    press("ctrl+comma")
    program.wait("PREFERENCES")
    paint(program)
    desktop.check_quiet(2)


def check_forbidden(program, desktop):
    """Who has turned it off in the settings is not told."""
    look_away(program)
    paint(program)
    desktop.check_quiet(2)


def begin():
    return start(WORDS, environment={"GSETTINGS_BACKEND": "keyfile"})


def main():
    check_needs()
    desktop = Desktop()
    program = begin()
    try:
        check_away(program, desktop)
        check_withdrawn(program, desktop)
        check_watched(program, desktop)
        program.end()
        os.makedirs(os.path.dirname(SETTINGS), exist_ok=True)
        with open(SETTINGS, "w", encoding="utf-8") as file:
            file.write("[io/github/eshi_app/Eshi]\nnotify-pictures=false\n")
        program = begin()
        check_forbidden(program, desktop)
    except (Failed, AssertionError) as error:
        print("FAILED:", error)
        print(program.report())
        print(outline(application(program)))
        return 1
    finally:
        program.end()
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
