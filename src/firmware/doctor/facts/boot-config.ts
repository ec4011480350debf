/**
 * Folder facts/: reads facts about a machine, and does not judge them.
 *
 * Reads the boot configuration of a Raspberry Pi (config.txt), as far as it concerns the 40-pin header.
 *
 * Guarantee: what certainly does not apply to this model is left out; what may apply is kept; no content
 * throws.
 * Source: "config.txt", conditional filters, gpio and device trees, in the Raspberry Pi documentation.
 */
import { dirname, join } from "node:path";
import type { Machine } from "../machine.ts";

export interface Overlay {
  readonly name: string;
  readonly params: ReadonlyMap<string, string>;
  /** For messages: `/boot/firmware/config.txt:12`. */
  readonly place: string;
}

/** A `dtparam`, such as i2c_arm=on. A later one overrides an earlier. */
export interface BaseParam {
  readonly value: string;
  readonly place: string;
}

/** A `gpio=` line: how the Pi's boot firmware sets GPIO lines before Linux starts. */
export interface GpioDirective {
  readonly lines: ReadonlySet<number>;
  /** Such as "ip", "op", "dh", "dl", "pu", "pd", "np", "a0". */
  readonly options: readonly string[];
  readonly text: string;
  readonly place: string;
}

export interface BootConfig {
  readonly file: string;
  readonly params: ReadonlyMap<string, BaseParam>;
  /** Plain settings, such as enable_uart=1. */
  readonly settings: ReadonlyMap<string, BaseParam>;
  readonly overlays: readonly Overlay[];
  readonly gpio: readonly GpioDirective[];
}

const places = ["/boot/firmware/config.txt", "/boot/config.txt"];
const maxIncludeDepth = 4;

/** `undefined` when there is no config.txt: not a Raspberry Pi, or one that boots differently. */
export function readBootConfig(machine: Machine, model: string | undefined): BootConfig | undefined {
  // Since Bookworm /boot/config.txt only refers to the other file.
  const file = places.find((path) => machine.kind(path) === "file");
  if (file === undefined) return undefined;
  const reader = new ConfigReader(machine, model ?? "");
  reader.readFile(file, 0);
  return { file, ...reader };
}

class ConfigReader {
  readonly params = new Map<string, BaseParam>();
  readonly settings = new Map<string, BaseParam>();
  readonly overlays: Overlay[] = [];
  readonly gpio: GpioDirective[] = [];
  readonly #machine: Machine;
  readonly #model: string;
  #overlay: Map<string, string> | undefined;
  #applies = true;

  constructor(machine: Machine, model: string) {
    this.#machine = machine;
    this.#model = model;
  }

  readFile(file: string, depth: number): void {
    const lines = this.#machine.read(file)?.split(/\r?\n/) ?? [];
    for (const [index, raw] of lines.entries()) {
      const line = raw.trim();
      const filter = /^\[(.+)\]$/.exec(line)?.[1];
      if (filter !== undefined) this.#filter(filter.toLowerCase());
      else if (line !== "" && !line.startsWith("#") && this.#applies) {
        const included = /^include\s+(\S+)$/.exec(line)?.[1];
        if (included === undefined) this.#setting(line, `${file}:${index + 1}`);
        else if (depth < maxIncludeDepth) this.readFile(join(dirname(file), included), depth + 1);
      }
    }
  }

  /**
   * Filters on other things than the model (display, serial number, pin) may apply, so they change nothing.
   */
  #filter(filter: string): void {
    if (filter === "all") this.#applies = true;
    else if (filter === "none") this.#applies = false;
    else if (/^(pi|cm)\d/.test(filter)) this.#applies = modelMatches(filter, this.#model);
  }

  #setting(line: string, place: string): void {
    const at = line.indexOf("=");
    if (at < 0) return;
    const key = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    if (key === "dtoverlay") this.#addOverlay(value, place);
    else if (key === "dtparam") this.#addParams(value, place);
    else if (key === "gpio") this.#addGpio(value, place);
    else this.settings.set(key, { value, place });
  }

  #addOverlay(value: string, place: string): void {
    this.#overlay = undefined;
    const [name = "", ...params] = value.split(/[,:]/);
    if (name === "") return;
    this.#overlay = new Map(params.map(keyAndValue));
    this.overlays.push({ name, params: this.#overlay, place });
  }

  /**
   * After a dtoverlay, a dtparam sets that overlay's parameter, if it has one of this name. This is unknown
   * here, so it counts for both the overlay and the base.
   */
  #addParams(value: string, place: string): void {
    for (const [key, text] of value.split(",").map(keyAndValue)) {
      this.params.set(key, { value: text, place });
      this.#overlay?.set(key, text);
    }
  }

  #addGpio(value: string, place: string): void {
    const [which = "", options = ""] = value.split("=");
    const lines = new Set<number>();
    for (const [, first, last] of which.matchAll(/(\d{1,2})(?:-(\d{1,2}))?/g)) {
      for (let line = Number(first); line <= Number(last ?? first); line++) lines.add(line);
    }
    this.gpio.push({ lines, options: options.toLowerCase().split(","), text: `gpio=${value}`, place });
  }
}

function keyAndValue(text: string): [key: string, value: string] {
  const [key = "", value = "on"] = text.split("=");
  return [key.trim(), value.trim()];
}

/** The values that turn a device tree parameter on. */
export const isOn = (value: string): boolean => /^(on|yes|y|true|1|okay)$/i.test(value);

/** By filter: the beginnings of the model names that it matches. */
const modelsOfFilter: Readonly<Record<string, readonly string[]>> = {
  pi0: ["Raspberry Pi Zero"],
  pi0w: ["Raspberry Pi Zero W", "Raspberry Pi Zero 2"],
  pi02: ["Raspberry Pi Zero 2"],
  pi2: ["Raspberry Pi 2"],
  pi3: ["Raspberry Pi 3", "Raspberry Pi Compute Module 3"],
  "pi3+": ["Raspberry Pi 3 Model A Plus", "Raspberry Pi 3 Model B Plus"],
  pi4: ["Raspberry Pi 4", "Raspberry Pi Compute Module 4"],
  pi400: ["Raspberry Pi 400"],
  pi5: ["Raspberry Pi 5", "Raspberry Pi Compute Module 5"],
  pi500: ["Raspberry Pi 500"],
  cm4: ["Raspberry Pi Compute Module 4"],
  cm5: ["Raspberry Pi Compute Module 5"],
};

function modelMatches(filter: string, model: string): boolean {
  const names = modelsOfFilter[filter];
  // An unknown filter, or an unknown model: it may apply.
  return names === undefined || model === "" || names.some((name) => model.startsWith(name));
}
