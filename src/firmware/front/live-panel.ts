/**
 * The live panel of `run` on a terminal: the virtual hat's picture, the newest log lines, and a final line at
 * the end.
 *
 * Guarantee: the terminal is restored on every way out, and the final line contains the state of the relay.
 */
import { read } from "../../base/schema/schema.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { VirtualHardware } from "../hardware.ts";
import { guardianToLoop } from "../process/messages.ts";
import { systemClock } from "../process/system-clock.ts";
import type { TextWriter } from "../process/text-writer.ts";
import type { LoopEnd } from "../run-loop.ts";
import { isAsciiOnly, VirtualTerminal } from "./virtual-terminal.ts";

const maxLines = 100;
/** Printed at the end, since the panel itself leaves nothing on the terminal. */
const finalLines: Readonly<Record<LoopEnd, string>> = {
  "relay-off": "grove-heater has stopped: the relay is off.",
  "relay-unconfirmed":
    "grove-heater has stopped. The relay was commanded off and did not read back as off: look at the heater.",
  crashed: "grove-heater has crashed: the relay was commanded off. See: grove-heater report",
};

export interface LivePanelOptions {
  readonly out: TextWriter;
  readonly release: string;
  readonly colour: boolean;
}

export class LivePanel {
  readonly #options: LivePanelOptions;
  readonly #lines: string[] = [];
  #terminal: VirtualTerminal | undefined;
  /** The newest content of the device's screen. */
  screen: ScreenModel | undefined;
  /** Called when the user quits. */
  onQuit: (why: string) => void = () => {};

  constructor(options: LivePanelOptions) {
    this.#options = options;
  }

  /** A log line, shown below the picture. */
  readonly write = (line: string): void => {
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines.shift();
  };

  open({ hat, surroundings }: VirtualHardware): void {
    const { out, release, colour } = this.#options;
    let page: string | undefined;
    process.on("message", (message) => {
      const received = read(guardianToLoop, message);
      if (received?.kind === "hub-ready" || received?.kind === "page-ready")
        page = received.page || undefined;
    });
    this.#terminal = new VirtualTerminal({
      hat,
      surroundings,
      clock: systemClock,
      title: `grove-heater ${release} on the virtual hat, in a simulated room`,
      input: process.stdin,
      output: process.stdout,
      write: (text) => out.write(text),
      ready: () => !out.busy,
      colour,
      ascii: isAsciiOnly(process.env),
      screen: () => this.screen,
      log: this.#lines,
      page: () => page,
      onQuit: () => this.onQuit("a key was pressed"),
      // The guardian ends this loop and then suspends itself, as when the terminal sends the signal.
      onPause: () => void (process.connected && process.kill(process.ppid, "SIGTSTP")),
    });
    this.#terminal.open();
  }

  close(end: LoopEnd): void {
    if (this.#terminal === undefined) return;
    this.#terminal.close();
    this.#options.out.write(`${finalLines[end]}\n`);
  }
}
