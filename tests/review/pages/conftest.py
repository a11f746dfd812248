"""A real browser: Chromium, headless, driven by its own driver. One for all tests of a process.

What it cannot reach: any host but 127.0.0.1. What it keeps: the URLs that it asked for, and what its
console said. Screenshots go to $MEMENTO_SCREENSHOTS, where that is set.
"""

import base64
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip


@cache
def axe() -> str:
    return (files("axe_core_python") / "axe.min.js").read_text("utf-8")


@dataclass(frozen=True)
class Browser:
    """Chromium with what the tests ask of it."""

    driver: Any
    shots: Path | None
    """Where pictures are kept; None where nobody wants any."""

    def look(self, width: int, *, dark: bool = False) -> None:
        """As a screen of that width that prefers light or dark."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})

    def open(self, url: str) -> None:
        self.driver.get(url)

    def one(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def press(self, *keys: str) -> None:
        """Keys to whatever has the focus: no mouse."""
        from selenium.webdriver.common.action_chains import ActionChains

        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def focused(self) -> str:
        """The text of what has the focus, or its value."""
        return self.driver.execute_script(
            "const e = document.activeElement; return (e.value || e.textContent || '').trim()"
        )

    def tab_to(self, text: str, most: int = 60) -> None:
        """By the Tab key alone."""
        for _ in range(most):
            self.press("\ue004")
            if self.focused() == text:
                return
        raise AssertionError(f"{text!r} cannot be reached by the keyboard")

    def wait(self, what: Callable[[], Any], seconds: float = 120) -> Any:
        """What there is once it is there; a page that was just left raises in between."""
        from selenium.common.exceptions import WebDriverException

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                found = what()
            except WebDriverException:
                found = None
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"never came: {self.driver.current_url}\n{self.one('body').text[:3000]}")

    def overflow(self) -> int:
        """By how many pixels the page is wider than the screen."""
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def problems(self) -> list[str]:
        """What axe-core finds serious or critical."""
        self.driver.execute_script(axe())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done)"
        )
        return [
            f"{each['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page, up to 3,000 pixels of it, where somebody wants one."""
        if self.shots is None:
            return
        size = self.driver.execute_script(
            "const e = document.documentElement; return [e.clientWidth, Math.min(3000, e.scrollHeight)]"
        )
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True}
        )
        self.shots.mkdir(parents=True, exist_ok=True)
        (self.shots / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def asked(self) -> list[str]:
        """The URLs that were asked for since the last time, without what the page's policy stopped."""
        said = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        stopped = {
            each["params"]["requestId"]
            for each in said
            if each["method"] == "Network.loadingFailed" and each["params"].get("blockedReason") == "csp"
        }
        return [
            each["params"]["request"]["url"]
            for each in said
            if each["method"] == "Network.requestWillBeSent" and each["params"]["requestId"] not in stopped
        ]

    def console(self) -> list[str]:
        """What the console complained of since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    service = shutil.which("chromedriver")
    if program is None or service is None:
        missing = "no Chromium with its driver: apt install chromium chromium-driver"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(service))
    shots = os.environ.get("MEMENTO_SCREENSHOTS")
    try:
        yield Browser(driver, Path(shots) if shots else None)
    finally:
        driver.quit()


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The browser on an empty page, with nothing asked and nothing said yet."""
    chromium.open("about:blank")
    chromium.look(1440)
    chromium.asked()
    chromium.console()
    return chromium
