/**
 * The virtual hat in a terminal: draws display, LEDs and room a few times a second; keys press its buttons.
 *
 * Guarantee: the terminal is restored (cursor, screen, line mode), also when the loop crashes; keys act through the hat's
 * lines and the core's debouncing, like real presses.
 */
import type { Clock } from "../../base/clock.ts";
import { millis } from "../../base/units.ts";
import { faultText, percentText, temperatureText } from "../../board/screen/format.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { Surroundings } from "../../simulation/room/surroundings.ts";
import { drawTerminal, type TerminalView } from "../../simulation/terminal-view.ts";
import type { VirtualHat } from "../../simulation/virtual-hat/virtual-hat.ts";

const frameEvery = millis(100);
/** Terminals report no release: a tap for the buttons, a long press for the heater key. */
const tap = millis(120);
const longPress = millis(1300);

const enterScreen = "\x1b[?1049h\x1b[?25l";
const leaveScreen = "\x1b[?25h\x1b[?1049l";

const keys = [
  { key: "a", does: "lower" },
  { key: "b", does: "raise" },
  { key: "m", does: "auto/manual" },
  { key: "h", does: "heater" },
  { key: "w", does: "window" },
  { key: "q", does: "quit" },
];

/** Whether the terminal shows more than ASCII; the Linux console has no braille in its fonts. */
export function isAsciiOnly(env: NodeJS.ProcessEnv): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"];
  if (env["TERM"] === "linux") return true;
  return locale !== undefined && locale !== "" && !/utf-?8/i.test(locale);
}

/** `20.4 °C (set-point 21.0 °C), auto, heater on at 43 %`. */
function screenText({ temperature, target, unit, mode, heating, demand, fault }: ScreenModel): string {
  const degrees = (celsius: number): string => `${temperatureText(celsius, unit)} °${unit}`;
  const room = temperature === undefined ? "no reading" : degrees(temperature);
  const heater = heating ? "on" : "off";
  const alarm = fault === undefined ? "" : `  !! ${faultText(fault)}`;
  return `${room} (set-point ${degrees(target)}), ${mode}, heater ${heater}, demand ${percentText(demand)} %${alarm}`;
}

export interface TerminalParts {
  readonly hat: VirtualHat;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  readonly title: string;
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Writes to the terminal; returns at once. */
  readonly write: (text: string) => void;
  /** Everything written before has been accepted. */
  readonly ready: () => boolean;
  readonly colour: boolean;
  /** The terminal shows only ASCII. */
  readonly ascii?: boolean;
  /** The newest content of the screen, once there is one. */
  readonly screen?: () => ScreenModel | undefined;
  /** The newest log lines, oldest first; shown under the picture. */
  readonly log: readonly string[];
  /** Address of the local hub's page, once it is known: its log line soon scrolls away. */
  readonly page?: () => string | undefined;
  readonly onQuit: () => void;
  /** Ctrl-Z. */
  readonly onPause?: () => void;
}

export class VirtualTerminal {
  readonly #parts: TerminalParts;
  #drawn = "";
  #cancel: () => void = () => {};
  #open = false;

  constructor(parts: TerminalParts) {
    this.#parts = parts;
  }

  open(): void {
    const { input, output, write } = this.#parts;
    this.#open = true;
    write(enterScreen);
    input.setRawMode(true);
    input.setEncoding("utf8");
    input.on("data", this.#onKeys);
    // The terminal is closed (EIO): heating continues without keys.
    input.on("error", () => {});
    input.resume();
    output.on("resize", this.#redraw);
    this.#frame();
  }

  /** Safe to call at any time, and twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancel();
    const { input, output, write } = this.#parts;
    input.off("data", this.#onKeys);
    input.setRawMode(false);
    input.pause();
    output.off("resize", this.#redraw);
    write(leaveScreen);
  }

  readonly #onKeys = (text: string): void => {
    for (const key of text) this.#onKey(key.toLowerCase());
  };

  #onKey(key: string): void {
    const { hat, surroundings, onQuit, onPause } = this.#parts;
    // In raw mode the terminal sends no signals: these are what Ctrl-C, Ctrl-D, Ctrl-\ and Ctrl-Z would be.
    if (["q", "\x03", "\x04", "\x1c"].includes(key)) onQuit();
    else if (key === "\x1a") onPause?.();
    else if (key === "a" || key === "b") hat.press(key, tap);
    else if (key === "m") hat.press("mode", tap);
    else if (key === "h") hat.press("mode", longPress);
    else if (key === "w") surroundings.windowOpen = !surroundings.windowOpen;
  }

  readonly #redraw = (): void => {
    this.#drawn = "";
    this.#draw();
  };

  #frame(): void {
    this.#draw();
    this.#cancel = this.#parts.clock.setTimer(frameEvery, () => this.#frame());
  }

  #draw(): void {
    const { output, write, ready, colour, ascii = false } = this.#parts;
    // Not `??`: a serial console or a terminal of unknown size reports 0 × 0.
    const size = { columns: output.columns || 80, rows: output.rows || 24, colour, ascii };
    const text = drawTerminal(this.#view(), size).join("\x1b[K\n");
    if (text === this.#drawn) return;
    // Skips a frame while the terminal is busy: the next one is newer.
    if (!ready()) return;
    this.#drawn = text;
    write(`\x1b[H${text}\x1b[K\x1b[J`);
  }

  #view(): TerminalView {
    const { hat, surroundings, title, log, page, screen } = this.#parts;
    hat.catchUp();
    const { room } = surroundings;
    const window = surroundings.windowOpen ? "open" : "shut";
    const address = page?.();
    const shown = screen?.();
    return {
      title,
      pixels: hat.oled,
      status: shown && screenText(shown),
      dimmed: (hat.oled?.contrast ?? 255) < 32,
      lamps: [
        { name: "relay", lit: hat.contactClosed },
        { name: "mode LED", lit: hat.modeLedLit },
        { name: "status LED", lit: hat.statusLedLit },
      ],
      facts: [
        `room ${room.temperature.toFixed(2)} °C   outside ${surroundings.outside.toFixed(1)} °C   window ${window}` +
          (address === undefined ? "" : `   page ${address}`),
      ],
      keys,
      log,
    };
  }
}
