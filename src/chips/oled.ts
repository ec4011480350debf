/**
 * Driver of the page-addressed OLED controllers: SH1107 (128 × 128) and SSD1306, SSD1308, SSD1315 (128 × 64).
 *
 * Guarantee: after `show` resolves, the chip's memory holds the frame. Only bytes that differ from the known
 * content of the chip are sent. After an error the affected page counts as unknown and is sent again. A chip
 * that stopped answering or lost power is initialized again, so a display may be unplugged and plugged back
 * in.
 *
 * Page addressing (B0h + page, 00h + low column, 10h + high column) is the only mode that all of them
 * support.
 */
import type { I2cBus } from "./bus.ts";
import { BusError } from "./bus.ts";

/** The properties in which the controllers and panels differ. */
export interface OledPanel {
  readonly name: string;
  readonly width: number;
  readonly pages: number;
  /** RAM column of the leftmost pixel. */
  readonly columnOffset: number;
  /** Initialization commands, except display on/off and contrast. */
  readonly setup: readonly number[];
}

/**
 * Grove OLED 1.12" V2 (SH1107G). The values come from the SH1107 datasheet's command list and from the
 * module: the panel has an external supply voltage, so the chip's own converter stays off. The panel is
 * mounted upright: pages count from the top, columns from the left. Note that 20h is a complete command here
 * (datasheet, command 3): the chip would read a second byte, as the SSD1306 expects, as a column address.
 */
export const sh1107Panel: OledPanel = {
  name: "SH1107",
  width: 128,
  pages: 16,
  columnOffset: 0,
  setup: [
    ...[0xd5, 0x50], // clock (14): power-on default, not divided
    ...[0x20], // page addressing
    ...[0xa8, 0x7f], // 128 lines
    ...[0xd3, 0x00], // no display offset
    ...[0xdc, 0x00], // start line (17) 0: a 128 × 128 panel uses the whole RAM, unlike the 64-wide panels
    ...[0xad, 0x80], // DC-DC converter off
    ...[0xa0], // segments not mirrored
    ...[0xc0], // commons not mirrored
    ...[0xd9, 0x1f], // discharge 1, precharge 15 clocks
    ...[0xdb, 0x27], // deselect level
    ...[0xa4], // show the RAM
    ...[0xa6], // 1 is lit
  ],
};

/** Grove OLED 0.96" and similar (SSD1315, SSD1308, SSD1306). Values: SSD1306 datasheet, section 10. */
export const ssd1306Panel: OledPanel = {
  name: "SSD1306",
  width: 128,
  pages: 8,
  columnOffset: 0,
  setup: [
    ...[0xd5, 0x80], // 10.1.16 clock
    ...[0xa8, 0x3f], // 10.1.11 64 lines
    ...[0xd3, 0x00], // 10.1.15 no display offset
    ...[0x40], // 10.1.6 start line 0
    ...[0x8d, 0x14], // application note: charge pump on; the SSD1308 ignores it
    ...[0x20, 0x02], // 10.1.3 page addressing
    ...[0xa1], // 10.1.8 these modules mount the panel upside down:
    ...[0xc8], // 10.1.14 so mirror both axes
    ...[0xda, 0x12], // 10.1.18 alternating common pins
    ...[0xd9, 0xf1], // 10.1.17 precharge period that the charge pump needs
    ...[0xdb, 0x40], // 10.1.19 deselect level
    ...[0x2e], // 10.2.3 scrolling off
    ...[0xa4], // 10.1.9 show the RAM
    ...[0xa6], // 10.1.10 1 is lit
  ],
};

/** First byte of a transfer: the rest is commands or display data (SSD1306 8.1.5.2, SH1107 figure 9). */
const commands = 0x00;
const data = 0x40;
const displayOff = 0xae;
const displayOn = 0xaf;
const setContrast = 0x81;
/** Status bit of both families: the display is off, as it is after power-on (SH1107 command 22, SSD1306 8.1.4). */
const statusOff = 0x40;
/** No operation, in both families: a harmless way to check whether a chip answers. */
export const oledNop = Uint8Array.of(commands, 0xe3);

/**
 * Bytes that each extra run adds: the address and control byte twice, and three command bytes.
 * Two changes closer together than this cost less as one run.
 */
const runOverhead = 7;
/** Attempts per command sequence or page. A chip that fails all of them counts as disconnected. */
const attempts = 3;

interface Run {
  readonly start: number;
  readonly end: number;
}

export class Oled {
  readonly address: number;
  readonly panel: OledPanel;
  readonly #bus: I2cBus;
  /** The chip's memory, page by page; undefined where the content is unknown. */
  readonly #shown: (Uint8Array | undefined)[];
  #contrast: number | undefined;
  #setUp = false;
  #lit = false;
  /** The status read "on" after display-on, so it can be trusted when it reads "off". */
  #reportsPower = false;

  constructor(bus: I2cBus, address: number, panel: OledPanel) {
    this.#bus = bus;
    this.address = address;
    this.panel = panel;
    this.#shown = new Array(panel.pages).fill(undefined);
  }

  /**
   * Makes the chip show `frame`.
   *
   * @param frame `width` × `pages` bytes in page order
   * @param contrast 0 (dimmest) to 255
   * @throws BusError when the chip cannot be reached; the next call initializes it again. Calls must not
   * overlap.
   */
  async show(frame: Uint8Array, contrast: number): Promise<void> {
    const { width, pages } = this.panel;
    if (frame.length !== width * pages)
      throw new RangeError(`${this.panel.name} takes ${width * pages} bytes a frame`);
    try {
      if (this.#lit && this.#reportsPower && (await this.#readsPoweredOff())) {
        this.#lit = false;
        this.refresh();
      }
      if (!this.#setUp) await this.#send(this.#lit ? this.panel.setup : [displayOff, ...this.panel.setup]);
      this.#setUp = true;
      if (this.#contrast !== contrast) await this.#send([setContrast, contrast & 0xff]);
      this.#contrast = contrast;
      for (let page = 0; page < pages; page++) {
        await this.#showPage(page, frame.slice(page * width, (page + 1) * width));
      }
      if (!this.#lit) await this.#light();
    } catch (error) {
      this.#lit = false;
      this.refresh();
      throw error;
    }
  }

  /** Discards the known state: the next `show` initializes the chip and sends the whole frame. */
  refresh(): void {
    this.#setUp = false;
    this.#contrast = undefined;
    this.#shown.fill(undefined);
  }

  async #light(): Promise<void> {
    await this.#send([displayOn]);
    this.#lit = true;
    this.#reportsPower = await this.#readsPoweredOff().then(
      (off) => !off,
      () => false,
    );
  }

  #readsPoweredOff(): Promise<boolean> {
    return retried(async () => {
      const [status = 0] = await this.#bus.read(this.address, 1);
      return (status & statusOff) !== 0;
    });
  }

  async #showPage(page: number, wanted: Uint8Array): Promise<void> {
    await retried(async () => {
      const runs = changedRuns(this.#shown[page], wanted);
      // Unknown until every run is written: a corrupted transfer may have written any data anywhere in the
      // page.
      this.#shown[page] = undefined;
      for (const { start, end } of runs) {
        const column = start + this.panel.columnOffset;
        await this.#write(Uint8Array.of(commands, 0xb0 | page, column & 0x0f, 0x10 | (column >> 4)));
        await this.#write(Uint8Array.of(data, ...wanted.subarray(start, end)));
      }
      this.#shown[page] = wanted;
    });
  }

  #send(bytes: readonly number[]): Promise<void> {
    return retried(() => this.#write(Uint8Array.of(commands, ...bytes)));
  }

  #write(bytes: Uint8Array): Promise<void> {
    return this.#bus.write(this.address, bytes);
  }
}

/** @returns the columns to send, in as few bytes as possible; all columns when `held` is unknown */
function changedRuns(held: Uint8Array | undefined, wanted: Uint8Array): Run[] {
  if (!held) return [{ start: 0, end: wanted.length }];
  const runs: { start: number; end: number }[] = [];
  for (let column = 0; column < wanted.length; column++) {
    if (held[column] === wanted[column]) continue;
    const last = runs.at(-1);
    if (last && column - last.end <= runOverhead) last.end = column + 1;
    else runs.push({ start: column, end: column + 1 });
  }
  return runs;
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !(error instanceof BusError && error.transient)) throw error;
    }
  }
}
