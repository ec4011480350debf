/** The page's list of devices, its settings and its story in a real Chromium. */
import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { chromiumPath, noChromium } from "./browser.ts";
import { device } from "./fake-device.ts";
import { HubPageRig, id, openAll, seen, sizes, violations } from "./hub-page.ts";

const skipped = chromiumPath === undefined;

describe.skipIf(skipped)(`the hub's page of many devices${skipped ? ` (${noChromium})` : ""}`, () => {
  const rig = new HubPageRig();
  const open = (options?: BrowserContextOptions) => rig.open(options);
  const opened = (options?: BrowserContextOptions) => rig.opened(options);

  it("finds devices by name, state and fault, sorts them, and says why there is none", async () => {
    for (const name of ["heater-10", "heater-9"]) rig.hub.add(device(name), false);
    rig.hub.add(device("attic", { connected: false, faults: ["sensor-stale"] }), false);
    const page = await open();
    const names = () =>
      page
        .locator("tr[data-device]")
        .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-device")));
    const find = page.getByRole("searchbox", { name: "Find a device" });
    await seen(page, ".devices summary", "4 devices, 1 offline, 1 with faults");
    expect(await names()).toEqual(["attic", "heater-9", "heater-10", "workshop"]);
    await page.getByRole("button", { name: "Device", exact: true }).click();
    expect(await names()).toEqual(["workshop", "heater-10", "heater-9", "attic"]);
    expect(await page.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("descending");
    await find.fill("no sensor");
    expect(await names()).toEqual(["attic"]);
    await find.fill("heater online");
    expect(await names()).toEqual(["heater-10", "heater-9"]);
    await page.getByRole("radio", { name: /Offline/ }).check();
    await page.getByText("No device matches “heater online” among those offline.").waitFor();
    await page.getByRole("button", { name: "Show all devices" }).click();
    expect(await names()).toHaveLength(4);
    await page.getByRole("button", { name: "heater-9" }).click();
    await page.getByRole("heading", { level: 1, name: "heater-9" }).waitFor();
    expect(page.url()).toContain("#device=heater-9");
    rig.hub.change("attic", { faults: [], connected: true });
    await seen(page, ".devices summary", /^Devices4 devices$/);
  });

  it("starts the story again after it has asked, and still shows what was before", async () => {
    const page = await opened();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await seen(page, ".event-title", "The cable was unplugged (close)");
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Start the story again" }).click();
    await seen(page, ".event-title", "The story starts again");
    expect(await page.locator(".event").count()).toBe(1);
    await page.getByRole("button", { name: "Show earlier" }).click();
    await seen(page, ".event-title", "The cable was unplugged (close)");
  });

  it("changes settings of the device on its machine, marks what is not the default, and sends nothing wrong", async () => {
    rig.hub.add(device("elsewhere"), false);
    rig.hub.change(id, { settings: { changed: { targetMax: 26 } } });
    const page = await open();
    await page.getByRole("button", { name: "elsewhere" }).click();
    await page.getByRole("heading", { level: 1, name: "elsewhere" }).waitFor();
    expect(await page.locator(".settings").isHidden()).toBe(true);
    await page.getByRole("button", { name: id }).click();
    await page.locator(".settings summary").getByText("1 not at the default").click();
    const setting = (key: string) => page.locator(`[data-setting="${key}"]`);
    const highest = page.getByRole("spinbutton", { name: "Highest set-point" });
    const patches = () => rig.hub.asked.filter((line) => line.startsWith("PATCH"));
    await seen(page, '[data-setting="targetMax"][data-changed]', "Default: 30 °C");
    await highest.fill("40");
    await setting("targetMax").getByText("Outside of 7 to 35 °C.").waitFor();
    await highest.fill("34");
    await setting("targetMax").getByText("This must hold: targetMax + 2 K ≤ cutOff.").waitFor();
    await highest.press("Enter");
    // The value in force again is no change.
    await highest.fill("26.0");
    await highest.press("Enter");
    expect(patches()).toEqual([]);
    await highest.fill("28");
    await highest.press("Enter");
    await page.getByRole("alert").getByText("Highest set-point: 28 °C").waitFor();
    await page.getByRole("button", { name: "Highest set-point: back to the default" }).click();
    await expect.poll(() => highest.inputValue()).toBe("30.0");
    await page.getByLabel("Mode: conflicts", { exact: true }).selectOption("Device wins");
    await seen(page, '[data-setting="conflictControlMode"][data-changed]', "Default: Cloud wins");
    expect(patches()).toEqual(
      ['{"targetMax":28}', '{"targetMax":null}', '{"conflictControlMode":"device-wins"}'].map(
        (changes) => `PATCH /api/devices/${id}/settings {"changes":${changes}}`,
      ),
    );
    await page.getByLabel("Display unit", { exact: true }).selectOption("°F");
    await page.locator('[data-tile="setPoint"]').getByText("69.8").waitFor();
    await page.locator(".settings summary").click();
    await expect.poll(() => highest.inputValue()).toBe("86.0");
    expect(await page.getByRole("spinbutton", { name: "Hysteresis" }).inputValue()).toBe("0.5");
  });

  for (const [name, width, height] of sizes)
    for (const colorScheme of ["light", "dark"] as const)
      it(`has nothing that a reader of ${name} stumbles over when everything is unfolded, ${colorScheme}`, async () => {
        rig.hub.add(device("yard", { connected: false, faults: ["sensor-stale"] }), false);
        const page = await opened({ viewport: { width, height }, colorScheme });
        await openAll(page);
        await page.locator(".week-track circle, .week-track svg").first().waitFor();
        await page.getByRole("textbox", { name: "Device id" }).waitFor();
        expect(await violations(page)).toEqual([]);
      });
});
