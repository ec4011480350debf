/** The device's own front on the page: under a mouse, the keyboard and assistive tools, and with the firmware behind it. */
import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import { FirmwareProcess } from "../firmware/firmware-process.ts";
import { chromiumPath, noChromium } from "./browser.ts";
import { front } from "./fake-device.ts";
import { BrowserRig, HubPageRig, id } from "./hub-page.ts";

const skipped = chromiumPath === undefined;

const key = (page: Page, name: string) => page.getByRole("button", { name });
/** Lit pixels of the picture, as the browser has it. */
const litPixels = (page: Page) =>
  page.evaluate<number>(`(() => {
    const canvas = document.querySelector(".screen-pixels");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, at) => at % 4 === 0 && value > 128).length;
  })()`);

/** A picture is drawn with the next frame, whenever a busy machine has one. */
const expectLit = (page: Page) => expect.poll(() => litPixels(page), { timeout: 10_000 });

describe.skipIf(skipped)(`the front on the page${skipped ? ` (${noChromium})` : ""}`, () => {
  const rig = new HubPageRig();
  let page: Page;

  beforeEach(async () => {
    page = await rig.open();
    await key(page, "A lower").waitFor();
  });

  /** Downs and ups as the hub heard them. */
  const presses = (): string[] =>
    rig.hub.asked.flatMap((line) => {
      const body = /\/panel (.*)$/.exec(line)?.[1];
      if (body === undefined) return [];
      const { key: name, down } = JSON.parse(body) as { key: string; down: boolean };
      return [`${name} ${down ? "down" : "up"}`];
    });
  const heard = (...expected: string[]) => expect.poll(presses).toEqual(expected);

  it("simulates faults for a demonstration, says so as long as there is one, and ends them together", async () => {
    const alarm = page.locator(".fault-alarm");
    expect(await alarm.isVisible()).toBe(false);
    await page.getByText("Simulate a fault").click();
    await page.getByLabel("The sensor does not acknowledge.").check();
    await page.getByLabel("The heater gives no heat").check();
    await alarm.getByText("Simulated: the sensor does not acknowledge; the heater gives no heat").waitFor();
    await page.getByRole("button", { name: "End all faults" }).click();
    await alarm.waitFor({ state: "hidden" });
    expect(await page.getByLabel("The sensor does not acknowledge.").isChecked()).toBe(false);
    const sent = rig.hub.asked.filter((line) => line.includes("/fault "));
    expect(sent.map((line) => line.split("/fault ")[1])).toEqual([
      '{"fault":"nack","active":true}',
      '{"fault":"dead-heater","active":true}',
      '{"fault":"nack","active":false}',
      '{"fault":"dead-heater","active":false}',
    ]);
    expect(rig.complaints).toEqual([]);
  });

  it("shows the screen to the pixel, and changes it with the device", async () => {
    const count = (target: number) => {
      const { screen } = front(target, "auto", true);
      if (screen.kind !== "pixels") throw new Error("no pixels");
      const ones = (byte: number) => byte.toString(2).replaceAll("0", "").length;
      return Buffer.from(screen.bits, "base64").reduce((sum, byte) => sum + ones(byte), 0);
    };
    await expectLit(page).toBe(count(21));
    expect(count(28.5)).not.toBe(count(21));
    rig.hub.tell({ type: "panel", deviceId: id, panel: front(28.5, "auto", true) });
    await expectLit(page).toBe(count(28.5));
  });

  it("presses a key as long as the mouse does, also when that slips off it", async () => {
    await key(page, "B raise").hover();
    await page.mouse.down();
    await heard("b down");
    await page.mouse.move(5, 5);
    await page.mouse.up();
    await heard("b down", "b up");
  });

  it("presses a key as long as Space or Enter is held, once, and lets go with the focus", async () => {
    await key(page, "M mode").focus();
    for (const name of ["Space", "Enter"]) {
      await page.keyboard.down(name);
      // A held key repeats.
      await page.keyboard.down(name);
      await page.keyboard.up(name);
    }
    await heard("mode down", "mode up", "mode down", "mode up");
    await page.keyboard.down("Space");
    await key(page, "A lower").focus();
    await heard("mode down", "mode up", "mode down", "mode up", "mode down", "mode up");
    await page.keyboard.up("Space");
  });

  it("takes the click of an assistive tool as a tap", async () => {
    await page.evaluate(`document.querySelector('[data-key="a"]').click()`);
    await heard("a down", "a up");
  });

  it("shows lamps by word as well as by colour", async () => {
    const lamps = page.getByRole("list", { name: "LEDs" }).getByRole("listitem");
    await expect.poll(() => lamps.allInnerTexts()).toEqual(["Relay\non", "Mode\non", "Status\noff"]);
  });

  it("opens and shuts the window of the simulated room", async () => {
    await key(page, "Open window").click();
    await page.locator(".room button[data-open]").waitFor();
    await key(page, "Close window").click();
    await key(page, "Open window").waitFor();
    await heard("window down", "window up");
  });

  it("has no keys for a real hat, and says where they are", async () => {
    const { room: _room, ...real } = front(21, "auto", true);
    rig.hub.tell({ type: "panel", deviceId: id, panel: { ...real, fitted: false } });
    await page
      .getByText("No display found; this is what it would show. Use the buttons on the hat.")
      .waitFor();
    expect(await page.locator(".hat-keys, .room").filter({ visible: true }).count()).toBe(0);
    await expectLit(page).toBeGreaterThan(1000);
  });

  it("goes when the device's process does, and comes back with it", async () => {
    rig.hub.tell({ type: "panel", deviceId: id, panel: null });
    await page.getByText("This device runs on another machine").waitFor();
    expect(await page.locator(".front").isVisible()).toBe(false);
    rig.hub.tell({ type: "panel", deviceId: id, panel: front(21, "auto", true) });
    await key(page, "A lower").waitFor();
  });
});

describe.skipIf(skipped || process.platform !== "linux")("the front of a running device", () => {
  const rig = new BrowserRig();

  it("is on the page of its own hub, follows held keys, and survives the loop and the hub", async ({
    onTestFinished,
  }) => {
    const firmware = new FirmwareProcess();
    onTestFinished(() => firmware.cleanUp());
    firmware.startConnected();
    const url = String((await firmware.event("local-hub"))["page"]);
    const page = await rig.newPage();
    await page.goto(url);
    await key(page, "B raise").hover();
    await expectLit(page).toBeGreaterThan(500);
    // The twin carries what is set here to the tiles: it does once the device is online.
    await page.locator(".device-head").filter({ hasText: "Online" }).waitFor();
    await page.mouse.down();
    await firmware.event("target", 0, (line) => Number(line["to"]) >= 20.5);
    await page.mouse.up();
    const { source } = await firmware.event("target");
    expect(source).toBe("device");
    const raised = /2[0-9]\.[05]/;
    await page.locator('[data-tile="setPoint"]').filter({ hasText: raised }).waitFor();
    expect(rig.complaints).toEqual([]);

    firmware.signal(firmware.loopPid, "SIGKILL");
    await page.getByText("This device runs on another machine").waitFor();
    await key(page, "A lower").waitFor();
    await expectLit(page).toBeGreaterThan(500);
  }, 90_000);
});
