/** The device's own page in a real Chromium, over a running device: its sizes, its sign-in, its life as an app. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { seconds } from "../../src/base/units.ts";
import { storePassword } from "../../src/firmware/page-process/password-file.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import type { History } from "../../src/hub/page-server/api-history.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { devicePage } from "../firmware/page-process/rig.ts";
import { chromiumPath, noChromium } from "./browser.ts";
import { BrowserRig, openAll, sizes, violations } from "./hub-page.ts";

const skipped = chromiumPath === undefined;
const minute = 60_000;

describe.skipIf(skipped)(`the device's page${skipped ? ` (${noChromium})` : ""}`, () => {
  const rig = new BrowserRig();

  const served = (options: Parameters<typeof devicePage>[0] = {}) =>
    devicePage({ pagePath: rig.built.folder, ...options });

  async function open(port: number, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await rig.newPage(options, / (40[13]|422|503) |registration blocked/);
    await page.goto(`http://localhost:${port}/`);
    return page;
  }

  const setPoint = (page: Page) => page.getByRole("spinbutton", { name: "Set-point" });

  it("sets the set-point of the device, says so, and shows its log", async () => {
    const { page: server, device, clock } = await served();
    const page = await open(server.port);
    await setPoint(page).fill("21.5");
    await setPoint(page).press("Enter");
    await clock.advance(seconds(2));
    await page.locator('[data-tile="setPoint"]').getByText("21.5").waitFor();
    expect(device.inForce.values.targetTemperature).toBe(21.5);
    await page.locator(".event-title").getByText("Set-point is 21.5 °C").waitFor();
    await page.locator(".log-line").first().waitFor();
    expect(await page.title()).toMatch(/°C · Heater$/);
    expect(await page.getByRole("region", { name: "Cable" }).count()).toBe(0);
  });

  it("says while a person types that a value is outside of the range", async () => {
    const { page: server } = await served();
    const page = await open(server.port);
    await setPoint(page).fill("99");
    await page.getByText("Outside of 5 to 30 °C").waitFor();
    expect(await setPoint(page).getAttribute("aria-invalid")).toBe("true");
    await setPoint(page).press("Enter");
    await page.locator(".note").getByText("5 to 30").waitFor();
  });

  it("shows and takes degrees Fahrenheit", async () => {
    const {
      page: server,
      device,
      clock,
    } = await served({
      settings: () => ({ ...defaultSettings, displayUnit: "F" }),
    });
    const page = await open(server.port);
    await page.locator('[data-tile="setPoint"]').getByText("66.2").waitFor();
    await page.getByText("41 to 86 °F").waitFor();
    await setPoint(page).fill("70");
    await setPoint(page).press("Enter");
    await clock.advance(seconds(2));
    await page.locator('[data-tile="setPoint"]').getByText("70.0").waitFor();
    expect(device.inForce.values.targetTemperature).toBeCloseTo(21.11, 2);
  });

  for (const [name, width, height] of sizes)
    for (const colorScheme of ["light", "dark"] as const)
      it(`has nothing that a reader of ${name} stumbles over, ${colorScheme}`, async () => {
        const { page: server } = await served();
        const page = await open(server.port, { viewport: { width, height }, colorScheme });
        await page.locator(".log-line").first().waitFor();
        await openAll(page);
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      });

  it("has the set-point above 700 px on a phone, and a skip link", async () => {
    const { page: server } = await served();
    const page = await open(server.port, { viewport: { width: 390, height: 844 } });
    const box = await setPoint(page).boundingBox();
    expect((box?.y ?? 9999) + (box?.height ?? 0)).toBeLessThan(700);
    await page.keyboard.press("Tab");
    await page.getByRole("link", { name: "Skip to the device" }).press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
  });

  it("asks a stranger for the password, says when it is wrong, and lets in with the right one", async () => {
    const { page: server, data } = await served({ reach: "lan" });
    await storePassword(data, "correct horse");
    await systemClock.sleep(seconds(1.1));
    const page = await open(server.port);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await page.locator(".tile").count()).toBe(0);
    await page.getByLabel("Password").fill("wrong password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The password is wrong.").waitFor();
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator('[data-tile="setPoint"]').getByText("19.0").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  it("lets the person at the machine set the first password", async () => {
    const { page: server } = await served({ reach: "lan" });
    const page = await open(server.port);
    await page.getByRole("heading", { name: "Set a password" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel("New password").fill("correct horse");
    await page.getByRole("button", { name: "Set password" }).click();
    await page.locator('[data-tile="setPoint"]').getByText("19.0").waitFor();
  });

  it("opens as an app while the device is away, says so, and goes on when it is back", async () => {
    const { page: server } = await served();
    const page = await open(server.port);
    await page.locator('[data-tile="setPoint"]').getByText("19.0").waitFor();
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
    const manifest = await page.evaluate(
      "fetch(document.querySelector('link[rel=manifest]').href).then((answer) => answer.json())",
    );
    for (const { src } of (manifest as { icons: { src: string }[] }).icons)
      expect((await page.request.get(`http://localhost:${server.port}/${src}`)).status()).toBe(200);
    await page.context().setOffline(true);
    await page.reload();
    await page.getByRole("heading", { name: "The device does not answer" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.context().setOffline(false);
    await page.getByRole("button", { name: "Try again now" }).click();
    await page.locator('[data-tile="setPoint"]').getByText("19.0").waitFor();
    rig.complaints = rig.complaints.filter((text) => !text.includes("ERR_INTERNET_DISCONNECTED"));
  });

  it("draws 30 days with little work for the browser, and prints how much", async () => {
    const { page: server } = await served();
    // A service worker would pass requests by the route below.
    const page = await open(server.port, { serviceWorkers: "block" });
    await page.route("**/history?*", (route) => route.fulfill({ json: thirtyDays() }));
    await page.locator('[data-tile="setPoint"]').getByText("19.0").waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const scriptMs = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return (metrics.find((metric) => metric.name === "ScriptDuration")?.value ?? 0) * 1000;
    };
    const show = async (span: string) => {
      const answered = page.waitForResponse("**/history?*");
      await page.getByRole("radio", { name: span }).check();
      await (await answered).finished();
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    };
    await show("24 h");
    const before = await scriptMs();
    await show("30 d");
    const took = (await scriptMs()) - before;
    console.log(`30 days of history: ${took.toFixed(1)} ms of script`);
    expect(await page.locator("figcaption").textContent()).toMatch(/7\d\d readings/);
  });
});

/** As the server sends them: a point for each hour. */
function thirtyDays(): History {
  const nowMs = Date.now();
  const atMs = Array.from({ length: 720 }, (_, hour) => nowMs - (720 - hour) * 60 * minute);
  const wave = (middle: number, by: number) => ({
    atMs,
    values: atMs.map((_, hour) => middle + by * Math.sin(hour / 4)),
  });
  return {
    nowMs,
    series: {
      temperature: wave(20, 1),
      humidity: wave(45, 5),
      setPoint: wave(20, 0),
      heatingDemand: wave(50, 50),
      heaterOn: wave(0.5, 0.5),
    },
  };
}
