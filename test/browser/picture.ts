/**
 * Takes the README's picture of the page: `node src/bootstrap/run.mjs test/browser/picture.ts [FILE]`.
 *
 * The cable is out and both sides have been edited; the day before tells how such a thing ends.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { builtPage, openBrowser } from "./browser.ts";
import { device } from "./fake-device.ts";
import { FakeHub } from "./fake-hub.ts";

const file = process.argv[2] ?? ".github/page.png";
const id = "workshop";

/** What had happened before: an edit from each side, and one time apart. */
function tellThePast(hub: FakeHub): void {
  const property = "targetTemperature";
  const ack = { code: 200, version: 6 };
  const tell = (minutes: number, ...event: Parameters<FakeHub["happen"]>) => {
    hub.nowMs += minutes * 60_000;
    hub.happen(...event);
  };
  hub.nowMs -= 88 * 60_000;
  tell(0, id, { kind: "connected", actor: "device", text: "the device connected" });
  tell(40, id, { kind: "desired", actor: "operator", text: "", property, after: 20, version: 5 });
  tell(0, id, { kind: "acknowledged", actor: "device", text: "", property, after: 20, version: 5, ack });
  tell(12, id, { kind: "cable", actor: "operator", cable: "close", text: "the cable was unplugged (close)" });
  tell(0, id, { kind: "disconnected", actor: "device", text: "the connection was closed" });
  tell(9, id, {
    kind: "desired",
    actor: "operator",
    text: "",
    property,
    after: 21,
    version: 6,
    whileOffline: true,
  });
  tell(11, id, { kind: "cable", actor: "operator", cable: "connected", text: "the cable was plugged in" });
  tell(0, id, { kind: "connected", actor: "device", text: "the device connected" });
  const conflict = { property, after: 21, lost: 18.5, winner: "operator", version: 6, ack } as const;
  tell(0, id, {
    kind: "conflict",
    actor: "device",
    text: "The device's 18.5 °C lost: the cloud wins.",
    ...conflict,
  });
  tell(2, id, { kind: "reported", actor: "device", text: "", property: "controlMode", after: "auto" });
  hub.nowMs += 14 * 60_000;
}

const built = await builtPage();
const hub = new FakeHub(built.folder);
hub.add(device(id));
hub.add(device("greenhouse"), false);
hub.add(device("pump-room", { connected: false }), false);
tellThePast(hub);
const browser = await openBrowser();
try {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 1300 },
    colorScheme: "light",
    reducedMotion: "reduce",
    timezoneId: "UTC",
    locale: "en-GB",
  });
  const page = await context.newPage();
  await page.clock.install({ time: hub.nowMs });
  await page.goto(await hub.listen());
  await page.getByRole("button", { name: "workshop", exact: true }).click();
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  await page.getByRole("button", { name: "Plug the cable in" }).waitFor();
  await page.getByLabel("Set-point", { exact: true }).fill("23");
  await page.getByLabel("Set-point", { exact: true }).press("Enter");
  await page.locator('[data-status="pending"]').waitFor();
  for (const button of ["A lower", "A lower"]) {
    const pressed = page.waitForResponse(/\/panel$/);
    await page.getByRole("button", { name: button, exact: true }).click();
    await pressed;
  }
  await page.locator("#device-name").click();
  await page.clock.runFor(42_000);
  mkdirSync(dirname(file), { recursive: true });
  await page.screenshot({ path: file, fullPage: true });
} finally {
  await browser.close();
  await hub.close();
  built.remove();
}
