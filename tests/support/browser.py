"""A real browser, headless, for tests of pages: Debian's Chromium through its own driver, so that
nothing is downloaded.
"""

import json
import shutil
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

DESKTOP, PHONE = (1280, 900), (390, 844)


def found():
    """The browser and its driver, or None where either is missing."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    def __init__(self, binary, driver):
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        for switch in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.set_script_timeout(180)  # axe-core on a busy machine

    def open(self, path, size=DESKTOP, *, script=True):
        """Load a file; what was logged before is forgotten."""
        self._do("Emulation.setScriptExecutionDisabled", value=not script)
        self._do(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=size == PHONE,
        )
        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get(path.as_uri())
        return self

    def _do(self, command, **values):
        return self.driver.execute_cdp_cmd(command, values)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        """All that is written in an element, seen or not."""
        return self.run(
            "return document.querySelector(arguments[0]).textContent.replace(/\\s+/g, ' ').trim()",
            selector,
        )

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def all(self, selector, attribute):
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.getAttribute(arguments[1]))",
            selector,
            attribute,
        )

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).click()", selector)

    def set(self, selector, value, event):
        """As a person changes a control: the value, then its event."""
        self.run(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event(arguments[2], {bubbles: true}))",
            selector,
            value,
            event,
        )

    def keys(self, *names):
        """Keys, pressed where the focus is."""
        codes = {
            "Tab": 9,
            "Enter": 13,
            "Escape": 27,
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
            " ": 32,
        }
        for name in names:
            pressed = (
                {"key": name, "code": name, "windowsVirtualKeyCode": codes[name]}
                if name in codes
                else {"key": name, "text": name}
            )
            if name in ("Enter", " "):
                pressed["text"] = "\r" if name == "Enter" else " "
            self._do("Input.dispatchKeyEvent", type="keyDown", **pressed)
            self._do("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def type(self, text):
        self._do("Input.insertText", text=text)

    def press(self, x, y):
        """A click of the mouse at a place of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self._do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def complaints(self):
        """What stands in the console since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Addresses asked for since the page was opened, refused ones too; the page itself and data
        in it apart.
        """
        time.sleep(0.05)
        events = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        asked = [
            e["params"]["request"]["url"]
            for e in events
            if e["method"] == "Network.requestWillBeSent"
        ]
        return [a for a in asked if not a.startswith(("file:", "data:", "about:"))]

    def judge(self, axe):
        """Serious and critical violations of WCAG 2.2 AA that axe-core finds, with where. What is
        drawn inside a picture is read by its label alone.
        """
        self._do("Runtime.evaluate", expression=axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run({exclude: [['svg > *']]}, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then(r => done(r.violations), e => done(String(e)))"
        )
        assert isinstance(found, list), found
        return [
            (v["id"], n["html"][:160], n["any"][0]["message"] if n["any"] else "")
            for v in found
            if v["impact"] in ("serious", "critical")
            for n in v["nodes"]
        ]

    def close(self):
        self.driver.quit()
