/** The page in a real Chromium, against a hub whose device answers when the test says so. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { RollOutGroup } from "../../src/hub/page-server/api-roll-outs.ts";
import { chromiumPath, noChromium } from "./browser.ts";
import { device, firmware, propertyRow } from "./fake-device.ts";
import { HubPageRig, id, seen } from "./hub-page.ts";

const skipped = chromiumPath === undefined;

describe.skipIf(skipped)(`the hub's page${skipped ? ` (${noChromium})` : ""}`, () => {
  const rig = new HubPageRig();
  const open = (options?: BrowserContextOptions) => rig.open(options);
  const opened = (options?: BrowserContextOptions) => rig.opened(options);
  const row = (page: Page, name: string) => page.locator(`tr[data-property="${name}"]`);
  const setPoint = (page: Page) => page.getByRole("spinbutton", { name: "Set-point" });

  it("shows an edit as pending, and as acknowledged once the device has taken it", async () => {
    const page = await opened();
    await setPoint(page).fill("22.5");
    await setPoint(page).press("Enter");
    await row(page, "targetTemperature").getByText("Pending").waitFor();
    await seen(page, '[data-tile="setPoint"]', /21\.0.*→ 22\.5 °C pending/s);
    rig.hub.answer(id);
    await row(page, "targetTemperature").getByText("Acknowledged").waitFor();
    await seen(page, '[data-tile="setPoint"]', /22\.5.*in force/s);
    await seen(page, ".event-title", "Set-point 22.5 °C acknowledged (v7)");
  });

  it("shows a refusal with the device's reason", async () => {
    const page = await opened();
    await page.getByText("More settings").click();
    await page.getByRole("button", { name: "Send patch" }).click();
    await row(page, "targetTemperature").getByText("Pending").waitFor();
    rig.hub.answer(id);
    await row(page, "targetTemperature").getByText("Refused").waitFor();
    await row(page, "targetTemperature").getByText("must be 5 to 30 °C, not 99").waitFor();
  });

  it.each(["Close", "Reset"])(
    "breaks the link (%s), takes edits on both sides, and says who won",
    async (way) => {
      const page = await opened();
      await page.getByRole("button", { name: way, exact: true }).click();
      await seen(page, ".device-head", /Offline, last seen/);
      await setPoint(page).fill("23");
      await setPoint(page).press("Enter");
      await row(page, "targetTemperature").getByText("waits for the device to reconnect").waitFor();
      await page.getByRole("button", { name: "A lower" }).click();
      await page.getByRole("button", { name: "M mode" }).click();
      await seen(page, ".event-offline", "while offline");
      await page.getByRole("button", { name: "Plug the cable in" }).click();
      await seen(page, ".device-head", "Online");
      rig.hub.answer(id);
      await seen(page, '.outcome[data-result="cloud"]', /Set-point.*23\.0 °C.*20\.5 °C.*The cloud won/);
      await seen(page, '.outcome[data-result="device"]', /Mode.*Manual.*The device changed it/);
      await seen(page, ".event-title", "Set-point: the cloud won with 23.0 °C over 20.5 °C");
    },
  );

  it("does not call a silent line online", async () => {
    const page = await opened();
    await page.getByRole("button", { name: "Silence" }).click();
    await seen(page, ".cable-status", "Silent");
    await seen(page, '[data-tile="link"]', "traffic is dropped");
  });

  it("shows the updates of a device that takes them, and asks it to check", async () => {
    const page = await opened();
    expect(await page.locator(".firmware").isHidden()).toBe(true);
    const assigned = { ...firmware, state: "downloading", available: "1.2.0", progress: 43 } as const;
    rig.hub.change(id, { firmware: assigned });
    await seen(page, ".firmware", /Installed1\.1\.0slot a.*Available1\.2\.0.*Downloading43 %/s);
    const check = page.getByRole("button", { name: "Check for updates" });
    await check.click();
    await seen(page, ".firmware", "The device asks its sources of updates.");
    expect(rig.hub.asked.at(-1)).toContain('{"name":"checkForUpdate","payload":null}');
    const failed = { lastResult: "reverted", lastVersion: "1.2.0", lastReason: "it hung" } as const;
    rig.hub.change(id, { firmware: { ...firmware, ...failed }, connected: false });
    await seen(page, '.firmware [data-fact="last"][data-tone="bad"]', /1\.2\.0 reverted.*it hung/);
    expect(await check.isDisabled()).toBe(true);
  });

  it("shows a roll-out over several devices, those that reverted first", async () => {
    const running = { ...firmware, installed: "1.2.0", program: "b", slotB: "1.2.0" } as const;
    const failed = { lastResult: "reverted", lastVersion: "1.2.0", lastReason: "it hung" } as const;
    rig.hub.add(device("attic", { firmware: running }), false);
    rig.hub.add(device("cellar", { firmware: { ...firmware, ...failed } }), false);
    const page = await open({ viewport: { width: 390, height: 900 } });
    await seen(page, '.roll-out[data-tone="bad"] summary', "1 of 2 run 1.2.0, 1 reverted");
    await page.locator(".roll-out summary").click();
    const units = page.locator("[data-unit]");
    expect(await units.evaluateAll((rows) => rows.map((row) => row.getAttribute("data-unit")))).toEqual([
      "cellar",
      "attic",
    ]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    await units.getByRole("button", { name: "cellar" }).click();
    await page.getByRole("heading", { level: 1, name: "cellar" }).waitFor();
  });

  it("shows the groups of the hub's feed, and resumes one that is stopped", async () => {
    const group: RollOutGroup = {
      ...{ name: "default/home", version: "1.2.0", percent: 25, stopAt: 20 },
      ...{ units: 20, included: 5, confirmed: 3, failed: 1 },
      stopped: { reason: "1 of 5 units reverted or refused it, and the roll-out stops at 20 %", atMs: 0 },
    };
    const page = await opened({ viewport: { width: 390, height: 900 } });
    expect(await page.locator(".roll-out").isHidden()).toBe(true);
    rig.hub.tell({ type: "roll-outs", groups: [group] });
    await seen(page, '.roll-out[data-tone="bad"] summary', "stopped: default/home");
    await page.locator(".roll-out summary").click();
    await seen(
      page,
      '[data-group="default/home"]',
      /25 %, 5 of 20 units.*Stopped: 3 of 5 confirmed, 1 failed/s,
    );
    await seen(page, '[data-group="default/home"]', "1 of 5 units reverted or refused it");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    await page.getByRole("button", { name: "Resume the roll-out to default/home" }).click();
    await expect
      .poll(() => rig.hub.asked)
      .toContain('POST /api/roll-outs {"name":"default/home","action":"resume"}');
    rig.hub.tell({ type: "roll-outs", groups: [{ ...group, failed: 0, stopped: null }] });
    await page.getByRole("button", { name: "Stop the roll-out to default/home" }).waitFor();
  });

  it("calls a command at once, and queues it while the device is away", async () => {
    const page = await opened();
    await page.getByRole("spinbutton", { name: "Boost: minutes" }).fill("");
    await page.getByRole("button", { name: "Boost" }).click();
    await page.getByRole("spinbutton", { name: "Boost: minutes" }).fill("45");
    await page.getByRole("button", { name: "Boost" }).click();
    await seen(page, '.command-result[data-tone="good"]', /Boost: done in 38 ms.*45/);
    // An empty field is not sent.
    expect(rig.hub.asked.filter((line) => line.includes("/command "))).toHaveLength(1);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await seen(page, ".commands", "commands wait in its queue");
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Restart" }).click();
    await seen(page, ".command-result", "waits in the queue");
    expect(rig.hub.asked).toContain(
      `POST /api/devices/${id}/message {"name":"restart","payload":null,"ttlSeconds":3600}`,
    );
  });

  it("can be used by keyboard alone, and keeps the focus where it was", async () => {
    const page = await opened();
    const focused = () =>
      page.evaluate<string>("document.activeElement.textContent || document.activeElement.id");
    const tabTo = async (name: string) => {
      for (let steps = 0; steps < 60 && (await focused()) !== name; steps += 1)
        await page.keyboard.press("Tab");
      expect(await focused()).toBe(name);
    };
    await tabTo("Reset");
    await page.keyboard.press("Space");
    await seen(page, ".cable-status", "Unplugged (reset)");
    expect(await focused()).toBe("Plug the cable in");
    await tabTo("set-targetTemperature");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("24.5");
    await page.keyboard.press("Enter");
    await seen(page, '[data-status="pending"]', "24.5 °C");
    expect(await focused()).toBe("set-targetTemperature");
    const outline = 'getComputedStyle(document.activeElement).outlineStyle !== "none"';
    expect(await page.evaluate(outline)).toBe(true);
    await page.keyboard.press("Shift+Tab");
    await tabTo("Restart");
  });

  it("shows the newest of a long timeline, and earlier ones when asked by keyboard", async () => {
    for (let at = 0; at < 40; at += 1)
      rig.hub.happen(id, { kind: "throttle", actor: "operator", text: `event ${at}` });
    const page = await opened({ viewport: { width: 360, height: 800 } });
    const count = () => page.locator(".event").count();
    const earlier = page.getByRole("button", { name: "Show earlier" });
    await earlier.focus();
    expect(await count()).toBe(15);
    await page.keyboard.press("Enter");
    await expect.poll(count).toBe(30);
    await page.keyboard.press("Enter");
    await expect.poll(count).toBe(rig.hub.timeline.length);
    expect(await earlier.isVisible()).toBe(false);
    expect(await page.evaluate("document.activeElement.className")).toBe("events");
  });

  it("speaks: news of the timeline politely, a refused request at once", async () => {
    const page = await opened();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await seen(page, '[aria-live="polite"]', "The connection broke");
    rig.hub.refuseEdits = true;
    await page.getByRole("switch", { name: "Heater switch" }).click();
    await page.getByRole("alert").getByText("Too many edits.").waitFor();
    // The browser itself logs each answer of 4xx.
    expect(rig.complaints.splice(0)).toEqual([expect.stringContaining("429")]);
  });

  it.each([
    [360, "light"],
    [360, "dark"],
    [768, "dark"],
    [1920, "light"],
  ] as const)("fits %i px without scrolling sideways, %s", async (width, colorScheme) => {
    rig.hub.add(device(`a-device-with-${"a-very-long-name-".repeat(5)}`), false);
    rig.hub.setRow(id, propertyRow("note", "x".repeat(4000), { code: 200, version: 1 }, 1));
    const page = await open({ viewport: { width, height: 800 }, colorScheme });
    const list = page.locator(".devices details");
    await list.waitFor();
    if (width < 640) await page.getByText("Devices", { exact: true }).click();
    await page.getByRole("button", { name: "workshop" }).click();
    expect(await list.evaluate((details) => details.hasAttribute("open"))).toBe(width >= 640);
    await page.getByText("More settings").click();
    await page.getByText("Both documents as JSON").click();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  });

  it("is dark where that is preferred, with text that can be read on it", async () => {
    const luminance = async (colorScheme: "light" | "dark") => {
      const page = await opened({ colorScheme });
      const style = (name: string) =>
        page.evaluate<string>(`getComputedStyle(document.body).getPropertyValue("${name}")`);
      return Promise.all(["background-color", "color"].map(async (name) => brightness(await style(name))));
    };
    const brightness = (colour: string) =>
      (colour.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part) / 765, 0);
    const [darkGround = 1, darkInk = 0] = await luminance("dark");
    const [lightGround = 0, lightInk = 1] = await luminance("light");
    expect([darkGround < 0.15, darkInk > 0.85, lightGround > 0.85, lightInk < 0.15]).not.toContain(false);
  });

  it("stands still where motion is unwanted", async () => {
    const page = await opened({ reducedMotion: "reduce" });
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    // Else it would count nothing at all.
    await expect.poll(() => page.evaluate("document.getAnimations().length")).toBeGreaterThan(0);
  });

  it("shows a hostile name and hostile values as text", async () => {
    const evil = '"><img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>';
    rig.hub.add(device(evil, { modelId: evil, properties: [propertyRow(evil, { [evil]: evil })] }), false);
    rig.hub.happen(evil, { kind: "event", actor: "device", text: evil, property: "__proto__", after: evil });
    const page = await open();
    await page.getByRole("button", { name: evil.slice(0, 20) }).click();
    await page.getByRole("heading", { level: 1, name: evil.slice(0, 20) }).waitFor();
    await seen(page, ".twin, .event-title", evil.slice(0, 30));
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.title()).not.toBe("owned");
  });

  it("comes back by itself when the hub does, and shows what happened meanwhile", async () => {
    const page = await opened();
    await page.locator('.bar-stream[data-stream="live"]').waitFor();
    rig.hub.dropStreams();
    await page.locator('.bar-stream[data-stream="lost"]').waitFor();
    rig.hub.setRow(id, propertyRow("targetTemperature", 17.5, { code: 203, version: 0 }));
    await page.locator('.bar-stream[data-stream="live"]').waitFor();
    await seen(page, '[data-tile="setPoint"]', "17.5");
    rig.complaints = rig.complaints.filter((text) => !text.includes("ERR_INCOMPLETE_CHUNKED_ENCODING"));
  });

  it("comes back also when the hub refused its stream for a while, with one stream", async () => {
    const page = await opened();
    rig.hub.refuseStreams = true;
    rig.hub.dropStreams();
    await page.locator('.bar-stream[data-stream="lost"]').waitFor();
    const streams = () => rig.hub.asked.filter((line) => line === "GET /api/events").length;
    // After a refusal a browser gives up.
    await expect.poll(streams, { timeout: 15_000 }).toBe(2);
    rig.hub.refuseStreams = false;
    await page.locator('.bar-stream[data-stream="live"]').waitFor({ timeout: 15_000 });
    const last = streams();
    await page.waitForTimeout(3_500);
    expect(streams()).toBe(last);
    rig.complaints = rig.complaints.filter((text) => !/ERR_INCOMPLETE_CHUNKED_ENCODING|503/.test(text));
  });

  it("says in words what the plot shows, of the span that was chosen, and goes on with each reading", async () => {
    const page = await opened();
    const words = page.locator(".history figcaption");
    await expect.poll(() => words.textContent()).toMatch(/^Temperature between .*; \d+ readings\.$/);
    const count = async () => Number(/; (\d+) readings/.exec((await words.textContent()) ?? "")?.[1]);
    const hour = await count();
    const reading = { type: "telemetry", deviceId: id, values: { temperature: 29.9 } } as const;
    rig.hub.tell({ ...reading, atMs: rig.hub.nowMs - 1 });
    await expect.poll(() => words.textContent()).toMatch(/ and 29\.9 °C/);
    await page.getByRole("radio", { name: "6 h" }).check();
    await expect.poll(count).toBeGreaterThan(hour * 3);
    await page.getByRole("radio", { name: "30 d" }).check();
    const since = () =>
      /sinceMs=(\d+)/.exec(rig.hub.asked.findLast((line) => line.includes("/history")) ?? "")?.[1];
    await expect.poll(() => Math.round((rig.hub.nowMs - Number(since())) / 86_400_000)).toBe(30);
  });

  it("gives the newest values beside the plot, and under the pointer those of that time", async () => {
    const page = await opened();
    const value = (line: string) => page.locator(`[data-line="${line}"] .legend-value`).textContent();
    await page.locator('.bar-stream[data-stream="live"]').waitFor();
    await expect.poll(() => value("temperature")).toMatch(/°C$/);
    const reading = { type: "telemetry", deviceId: id, values: { temperature: 29.9 } } as const;
    rig.hub.tell({ ...reading, atMs: rig.hub.nowMs + 1 });
    await expect.poll(() => value("temperature")).toBe("29.9 °C");
    expect(await value("heaterOn")).toMatch(/^(on|off)$/);
    const time = page.locator(".legend-time");
    expect(await time.textContent()).toBe("");
    const { width, height } = (await page.locator(".u-over").boundingBox()) ?? { width: 0, height: 0 };
    await page.locator(".u-over").hover({ position: { x: width / 2, y: height / 2 } });
    await expect.poll(() => value("temperature")).toMatch(/^(1\d|2[0-8])\.\d °C$/);
    expect(await time.textContent()).toMatch(/\d.*:\d\d/);
  });

  it("offers the one thing that can be done with the cable", async () => {
    const page = await opened();
    const plugIn = page.getByRole("button", { name: "Plug the cable in" });
    const unplug = page.getByRole("button", { name: "Silence" });
    expect([await plugIn.isVisible(), await unplug.isVisible()]).toEqual([false, true]);
    await unplug.click();
    await plugIn.waitFor();
    expect(await unplug.isVisible()).toBe(false);
  });

  it("nudges a value by its step, shows what waits for what, and no reconnection before there was one", async () => {
    const page = await opened();
    await page.getByRole("button", { name: "Set-point: higher" }).click();
    await expect.poll(() => setPoint(page).inputValue()).toBe("21.5");
    await page.getByRole("button", { name: "Set-point: lower" }).click();
    await page.getByRole("button", { name: "Set-point: lower" }).click();
    await expect.poll(() => setPoint(page).inputValue()).toBe("20.5");
    await page.getByText("Takes effect in manual mode.").waitFor();
    rig.hub.setRow(id, propertyRow("controlMode", "manual", { code: 200, version: 7 }, 7));
    await page.getByText("The heater follows it.").waitFor();
    expect(await page.locator(".reconnection").isVisible()).toBe(false);
  });

  it("asks for the password of a hub that has one, and says when it is wrong; one can leave again", async () => {
    rig.hub.password = "open sesame";
    const page = await open();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Password").fill("guess");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("The password is wrong.").waitFor();
    expect(rig.complaints.splice(0)).toEqual([expect.stringContaining("403")]);
    await page.getByLabel("Password").fill("open sesame");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: id }).waitFor();
    await seen(page, ".bar", "accessible from other machines");
    // One that is empty is not sent.
    expect(rig.hub.asked.filter((line) => line.startsWith("POST /api/session"))).toHaveLength(2);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Password").waitFor();
  });
});
