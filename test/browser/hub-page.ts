/** What the suites of the page share: a browser, a fake hub with one device, and no complaint at the end. */
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { builtPage, openBrowser } from "./browser.ts";
import { device } from "./fake-device.ts";
import { FakeHub } from "./fake-hub.ts";

/** The device of each test. */
export const id = "workshop";
export const viewport = { width: 1280, height: 900 };

/** A browser and the built page for a suite. */
export class BrowserRig {
  browser!: Browser;
  built!: Awaited<ReturnType<typeof builtPage>>;
  /** What the browser complained about: errors of scripts, of the policy, of missing files. */
  complaints: string[] = [];

  /** To be called in a `describe`. */
  constructor() {
    beforeAll(async () => {
      [this.browser, this.built] = await Promise.all([openBrowser(), builtPage()]);
    });
    afterAll(async () => {
      await this.browser?.close();
      this.built?.remove();
    });
    beforeEach(() => {
      this.complaints = [];
    });
    afterEach(async () => {
      // First: a page complains of a hub that is gone.
      await Promise.all(this.browser.contexts().map((context) => context.close()));
      await this.closeServer();
      expect(this.complaints).toEqual([]);
    });
  }

  protected async closeServer(): Promise<void> {}

  /** A new page in a context of its own. @param expected complaints that a test provokes */
  async newPage(options: BrowserContextOptions = {}, expected?: RegExp): Promise<Page> {
    const context = await this.browser.newContext({ viewport, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("console", (message) => {
      const isBad = message.type() === "error" || message.type() === "warning";
      if (isBad && !expected?.test(message.text())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    return page;
  }
}

/** The page of a fake hub with one device, anew for each test. */
export class HubPageRig extends BrowserRig {
  hub!: FakeHub;
  #url = "";

  constructor() {
    super();
    beforeEach(async () => {
      this.hub = new FakeHub(this.built.folder);
      this.hub.add(device(id));
      this.#url = await this.hub.listen();
    });
  }

  protected override closeServer(): Promise<void> {
    return this.hub.close();
  }

  async open(options?: BrowserContextOptions): Promise<Page> {
    const page = await this.newPage(options);
    page.on("request", (request) => {
      if (!request.url().startsWith(this.#url)) this.complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(this.#url);
    return page;
  }

  /** Resolves when the page shows the device. */
  async opened(options?: BrowserContextOptions): Promise<Page> {
    const page = await this.open(options);
    await page.getByRole("heading", { level: 1, name: id }).waitFor();
    return page;
  }
}

export const sizes = [
  ["a desk", 1280, 900],
  ["a tablet", 820, 1180],
  ["a phone", 390, 844],
] as const;

/** Unfolds everything that the page folds. */
export const openAll = (page: Page) =>
  page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");

/** What axe finds. */
export async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return await page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`,
  );
}

export const seen = (page: Page, selector: string, text: string | RegExp) =>
  page.locator(selector).filter({ hasText: text }).first().waitFor();
