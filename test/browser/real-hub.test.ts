/** The page on the real hub, with a device on Azure's own SDK behind it. */
import common from "azure-iot-common";
import iotDevice from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { describeSuperseded } from "../../src/control/twin/superseded.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { type DeviceCredentials, type RunningHub, startHub } from "../../src/hub/hub.ts";
import { builtPage, chromiumPath, noChromium, openBrowser } from "./browser.ts";

const { Client, Message } = iotDevice;
const skipped = chromiumPath === undefined;
const id = "workshop";
const quiet = () => {};

interface Desired {
  readonly targetTemperature?: number;
  readonly $version: number;
}

/** One connection of a device that takes 5 to 30 °C and yields to the cloud. */
async function connect({ connectionString }: DeviceCredentials, ca: string, edited?: number) {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  client.setRetryPolicy(new common.NoRetry());
  client.on("error", quiet);
  await client.setOptions({ ca });
  await client.open();
  const twin = await client.getTwin();
  const report = (patch: unknown) =>
    new Promise<void>((resolve, reject) => {
      twin.properties.reported["update"](patch, (error: Error | undefined) =>
        error ? reject(error) : resolve(),
      );
    });
  const take = async ({ targetTemperature: value, $version: av }: Desired, lost?: number) => {
    if (value === undefined) return;
    const ok = value >= 5 && value <= 30;
    const words = lost === undefined ? "" : describeSuperseded({ value: lost, source: "device" });
    const ad = ok ? words : "must be 5 to 30 °C";
    await report({ targetTemperature: { value: ok ? value : 21, ac: ok ? 200 : 400, av, ad } });
  };
  if (edited !== undefined) await take(twin.properties.desired as Desired, edited);
  // The SDK tells the whole document to a new listener, which has just been taken.
  const known = (twin.properties.desired as Desired).$version;
  twin.on("properties.desired", (delta: Desired) => {
    if (delta.$version > known) void take(delta);
  });
  return {
    report,
    send: async (values: unknown) => {
      await client.sendEvent(new Message(JSON.stringify(values)));
    },
    close: () => client.close().catch(quiet),
  };
}

describe.skipIf(skipped)(`the page on the real hub${skipped ? ` (${noChromium})` : ""}`, () => {
  let browser: Browser;
  let built: Awaited<ReturnType<typeof builtPage>>;
  let hub: RunningHub;
  let credentials: DeviceCredentials;

  beforeAll(async () => {
    [browser, built] = await Promise.all([openBrowser(), builtPage()]);
    const ports = { mqttPort: 0, restPort: 0, pagePort: 0 };
    hub = await startHub({ clock: systemClock, log: silentLog, pagePath: built.folder, ...ports });
    credentials = await hub.enrolDevice(id);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await hub?.close();
    built?.remove();
  });

  const seen = (page: Page, selector: string, text: string | RegExp) =>
    page.locator(selector).filter({ hasText: text }).first().waitFor();

  it("plays the whole story: an edit, a refusal, the cable, both sides, who won", async () => {
    const complaints: string[] = [];
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(hub.addresses.pageUrl);
    let device = await connect(credentials, hub.caPem);
    await device.report({
      firmwareVersion: "9.9.9",
      targetTemperature: { value: 21, ac: 203, av: 0, ad: "" },
    });
    await device.send({ temperature: 20.25, humidity: 51, heaterOn: true });
    await seen(page, '[data-tile="temperature"]', /20\.[23]/);
    await seen(page, '[data-tile="firmware"]', "9.9.9");

    const setPoint = page.getByRole("spinbutton", { name: "Set-point" });
    const row = '[data-property="targetTemperature"]';
    await setPoint.fill("22");
    await setPoint.press("Enter");
    await seen(page, row, /22\.0 °C.*22\.0 °C.*Acknowledged/s);
    await setPoint.fill("99");
    await setPoint.press("Enter");
    await seen(page, row, /99\.0 °C.*Refused.*must be 5 to 30 °C/s);

    // The hub's answer was made before the connection had closed: here it arrives after the news that it has.
    await page.route("**/cable", async (route) => {
      const response = await route.fetch();
      await seen(page, ".device-head", "Offline");
      await route.fulfill({ response });
    });
    const answered = page.waitForResponse("**/cable");
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await (await answered).finished();
    await page.evaluate("new Promise(requestAnimationFrame)");
    await seen(page, ".device-head", "Offline");
    await page.unroute("**/cable");
    await setPoint.fill("23.5");
    await setPoint.press("Enter");
    await seen(page, row, /23\.5 °C.*Pending/s);
    await page.getByRole("button", { name: "Plug the cable in" }).click();
    await seen(page, ".cable-status", "Plugged in");
    await device.close();
    device = await connect(credentials, hub.caPem, 18.5);
    await seen(page, row, /23\.5 °C.*23\.5 °C.*Acknowledged/s);
    await seen(page, ".outcome", /Set-point.*23\.5 °C.*18\.5 °C.*The cloud won/);
    await device.close();
    expect(complaints).toEqual([]);
  });

  it("adds a device, shows its connection string once, and the device connects by it", async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(hub.addresses.pageUrl);
    await page.getByText("Add a device").click();
    const field = page.getByRole("textbox", { name: "Device id" });
    await field.fill(id);
    await field.press("Enter");
    await seen(page, "#enrol-problem", `There is a device ${id} already.`);
    await field.fill("attic");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await seen(page, ".enrolled", "The connection string of attic");
    const connectionString = (await page.locator(".connection-string").textContent()) ?? "";
    await page.getByRole("img", { name: "QR code" }).waitFor();
    const device = await connect({ ...credentials, connectionString }, hub.caPem);
    await seen(page, '[aria-label="Devices"]', "attic");
    await page.getByRole("button", { name: "Done" }).click();
    expect(await page.content()).not.toContain("SharedAccessKey");
    await device.close();
  });

  it("edits the schedule by dragging on a week, and sends what the table shows", async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${hub.addresses.pageUrl}#device=${id}`);
    await page.getByText("More settings").click();
    const monday = page.getByRole("textbox", { name: "Monday" });
    const track = page.locator('svg[data-day="monday"]');
    await track.scrollIntoViewIfNeeded();
    const box = (await track.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const at = (hour: number, above = 0) => [box.x + (box.width * hour) / 24, box.y + 22 - above] as const;
    /** A pixel of the pointer is nearly a degree. */
    const reads = async (...times: string[]) => {
      const points = (await monday.inputValue()).split(", ").map((point) => point.split(" "));
      expect(points.map(([time]) => time)).toEqual(times);
      return points.map(([, target]) => Number(target));
    };
    await page.mouse.click(...at(6));
    await page.mouse.click(...at(22));
    for (const target of await reads("06:00", "22:00"))
      expect(Math.abs(target - 17.5)).toBeLessThanOrEqual(1);
    await page.mouse.move(...at(6));
    await page.mouse.down();
    await page.mouse.move(...at(7.5, 6), { steps: 4 });
    await seen(page, ".week-note", /Mon 07:30: 2[0-9.]+ °C/);
    await page.mouse.up();
    const [first = 0, last = 0] = await reads("07:30", "22:00");
    expect(first).toBeGreaterThan(last + 3);
    await page.mouse.dblclick(...at(22));
    await page.mouse.dblclick(...at(12));
    await reads("07:30", "12:00");
    const text = await monday.inputValue();
    await page.getByRole("button", { name: "Set schedule" }).click();
    const desired = () => hub.core.devices.get(id)?.desired.properties["schedule"];
    await expect.poll(desired).toEqual({ monday: text });
  });
});
