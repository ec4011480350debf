/**
 * Checks what config.txt does to the lines of the board before Linux starts: pulls, levels, overlays, the console.
 *
 * Guarantee: a finding names the line of config.txt. Which overlay uses which lines: the README of the overlays
 * in the Raspberry Pi kernel (arch/arm/boot/dts/overlays/README).
 */
import { findGpio, type GpioSource } from "../../board/kernel/gpio-backend.ts";
import { idlePull, type Wiring } from "../../chips/wiring.ts";
import type { BoardChoice } from "../choose-board.ts";
import { type Role, rolesOf } from "./configuration.ts";
import { type BootConfig, type GpioDirective, isOn, type Overlay } from "./facts/boot-config.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

export const bootChecks = ["relay-pull", "button-pulls", "overlays", "serial-console"] as const;

export function checkBootLines(
  machine: Machine,
  { wiring, gpio }: Pick<BoardChoice, "wiring" | "gpio">,
  config: BootConfig | undefined,
): Finding[] {
  const roles = rolesOf(wiring);
  return [
    ...checkRelayPull(wiring, config),
    ...(setsPulls(wiring, gpio) ? [pullsSet] : checkButtonPulls(roles, config)),
    ...checkOverlays(wiring, config),
    ...checkConsole(machine, roles, config),
  ];
}

/** Of several directives for a line the last one decides. */
const directiveFor = (config: BootConfig | undefined, line: number): GpioDirective | undefined =>
  config?.gpio.findLast(({ lines }) => lines.has(line));

/** That the line is pulled off from reset on, the board definition has been refused without (relay-unsafe-at-boot). */
function checkRelayPull({ relay }: Wiring, config: BootConfig | undefined): Finding[] {
  const check = "relay-pull";
  const { line, activeLevel } = relay;
  const off = activeLevel === 1 ? "down" : "up";
  const directive = directiveFor(config, line);
  if (directive === undefined)
    return [
      ok(check, `GPIO${line} is pulled ${off} from reset on: the heater stays off until the firmware runs`),
    ];
  const { options, place, text } = directive;
  const has = (option: string) => options.includes(option);
  const remedy = `Write gpio=${line}=op,${activeLevel === 1 ? "dl" : "dh"} there instead, or remove line ${line} from it; then restart.`;
  if (has("op") && has(activeLevel === 1 ? "dh" : "dl")) {
    return [fail(check, `${place} (${text}) turns the heater ON at every start of the computer`, remedy)];
  }
  if (has(activeLevel === 1 ? "pu" : "pd")) {
    return [
      fail(check, `${place} (${text}) pulls the relay's line GPIO${line} to ON at every start`, remedy),
    ];
  }
  if (has("np") || options.some((option) => /^a[0-8]$/.test(option))) {
    return [
      fail(check, `${place} (${text}) leaves the relay's line GPIO${line} to chance until the start`, remedy),
    ];
  }
  return [ok(check, `GPIO${line} is off from reset on; ${place} keeps it so (${text})`)];
}

const pullsSet = ok("button-pulls", "the firmware pulls every button's line to not pressed when it starts");

/** What config.txt says about a line's pull counts until then only. */
function setsPulls({ gpioChipLabels }: Wiring, gpio: GpioSource): boolean {
  try {
    return findGpio(gpioChipLabels, gpio).backend === "chardev";
  } catch {
    return false;
  }
}

/** With its cable off a button's line follows the pull inside the Pi (SR-13). */
function checkButtonPulls(roles: readonly Role[], config: BootConfig | undefined): Finding[] {
  const check = "button-pulls";
  const buttons = roles.filter(({ kind }) => kind === "button");
  if (config === undefined) {
    const needed = buttons.map(({ wired }) => `GPIO${wired.line} ${idlePull(wired)}`).join(", ");
    return [skip(check, `there is no config.txt; with its cable off each button needs a pull: ${needed}`)];
  }
  const findings = buttons.flatMap((role) => checkButtonPull(role, config));
  if (findings.length > 0) return findings;
  return [ok(check, "with a cable off, every button's line is pulled to not pressed")];
}

/** As config.txt writes a pull. */
const directiveOf = { up: "pu", down: "pd" } as const;

function checkButtonPull({ id, wired }: Role, config: BootConfig): Finding[] {
  const check = "button-pulls";
  const { line, bootLevel } = wired;
  const pull = idlePull(wired);
  const wanted = directiveOf[pull];
  const directive = directiveFor(config, line);
  const where = directive && `${directive.place} (${directive.text})`;
  const remedy = `Write gpio=${line}=ip,${wanted} there instead; then restart.`;
  const has = (option: string) => directive?.options.includes(option) === true;
  if (has("op"))
    return [fail(check, `${where} drives the button's line GPIO${line}: a press shorts it`, remedy)];
  if (has("np")) {
    return [
      warn(check, `${where} leaves GPIO${line} (${id}) without a pull: with its cable off it floats`, remedy),
    ];
  }
  const explicit = (["pu", "pd"] as const).find(has);
  if (explicit === wanted) return [];
  if (explicit !== undefined) {
    const detail = `${where} pulls GPIO${line} to pressed, against the button's own resistor`;
    return [warn(check, detail, remedy)];
  }
  if (bootLevel !== undefined && bootLevel !== wired.activeLevel) return [];
  const pulled = bootLevel === undefined ? "has no pull" : `is pulled ${bootLevel === 1 ? "up" : "down"}`;
  const detail = `GPIO${line} (${id}) ${pulled} from reset on: with its cable off it can read pressed`;
  const missing = `Write gpio=${line}=${wanted} in ${config.file}, which pulls it ${pull}; then restart.`;
  return [warn(check, detail, directive ? remedy : missing)];
}

/** Lines of an overlay: fixed ones, and those that a parameter names, with their defaults. */
interface OverlayLines {
  readonly fixed?: readonly number[];
  readonly params?: Readonly<Record<string, number | undefined>>;
}

const i2sLines = [18, 19, 20, 21];
const overlayLines: Readonly<Record<string, OverlayLines>> = {
  "w1-gpio": { params: { gpiopin: 4 } },
  "w1-gpio-pullup": { params: { gpiopin: 4, extpullup: 5 } },
  "i2c-gpio": { params: { i2c_gpio_sda: 23, i2c_gpio_scl: 24 } },
  "gpio-poweroff": { params: { gpiopin: 26 } },
  "gpio-shutdown": { params: { gpio_pin: 3 } },
  "gpio-fan": { params: { gpiopin: 12 } },
  "gpio-ir": { params: { gpio_pin: 18 } },
  "gpio-ir-tx": { params: { gpio_pin: 18 } },
  "gpio-key": { params: { gpio: 3 } },
  "gpio-led": { params: { gpio: 19 } },
  "pps-gpio": { params: { gpiopin: 18 } },
  dht11: { params: { gpiopin: 4 } },
  "rotary-encoder": { params: { pin_a: 4, pin_b: 17 } },
  pwm: { params: { pin: 18 } },
  "pwm-2chan": { params: { pin: 18, pin2: 19 } },
  "spi1-1cs": { fixed: [19, 20, 21], params: { cs0_pin: 18 } },
  "spi1-2cs": { fixed: [19, 20, 21], params: { cs0_pin: 18, cs1_pin: 17 } },
  "spi1-3cs": { fixed: [19, 20, 21], params: { cs0_pin: 18, cs1_pin: 17, cs2_pin: 16 } },
};
/** Sound cards all use the I²S lines. */
const soundCard = /^(hifiberry|iqaudio|justboom|allo|audioinjector|i2s-|googlevoicehat|wm8960|max98357a)/;

function linesOf({ name, params }: Overlay): readonly number[] {
  if (soundCard.test(name)) return i2sLines;
  const known = overlayLines[name];
  const named = Object.entries(known?.params ?? {}).map(([param, usual]) =>
    Number(params.get(param) ?? usual),
  );
  return [...(known?.fixed ?? []), ...named];
}

function checkOverlays(wiring: Wiring, config: BootConfig | undefined): Finding[] {
  const check = "overlays";
  if (config === undefined)
    return [skip(check, "there is no config.txt: what else uses the lines is unknown")];
  const used = new Map(rolesOf(wiring).map(({ id, wired }) => [wired.line, id.replaceAll("-", " ")]));
  const findings: Finding[] = [];
  for (const overlay of config.overlays) {
    const { name, place } = overlay;
    const remedy = "Remove that line from config.txt, or give it another GPIO line; then restart.";
    if (name === "gpio-no-irq") {
      findings.push(fail(check, `${place}: with ${name} no button press is noticed`, remedy));
    }
    const taken = linesOf(overlay).filter((line) => used.has(line));
    if (taken.length === 0) continue;
    const what = taken.map((line) => `GPIO${line} (${used.get(line)})`).join(", ");
    findings.push(fail(check, `${place}: ${name} takes ${what} away from the board`, remedy));
  }
  const i2s = config.params.get("i2s");
  const i2sTaken = i2sLines.filter((line) => used.has(line));
  if (i2s && isOn(i2s.value) && i2sTaken.length > 0) {
    const what = i2sTaken.map((line) => `GPIO${line} (${used.get(line)})`).join(", ");
    findings.push(
      warn(check, `${i2s.place}: sound over I²S may take ${what}`, "Remove dtparam=i2s=on, then restart."),
    );
  }
  if (findings.length > 0) return findings;
  return [ok(check, `no overlay in ${config.file} is known to take a line of the board`)];
}

/** TXD and RXD of the header, the UART socket of the hat. */
const uartLines = [14, 15];

function checkConsole(machine: Machine, roles: readonly Role[], config: BootConfig | undefined): Finding[] {
  const check = "serial-console";
  const used = roles.filter(({ wired }) => uartLines.includes(wired.line));
  if (used.length === 0) return [ok(check, "the board does not use the UART's lines GPIO14 and GPIO15")];
  const what = used.map(({ id, wired }) => `GPIO${wired.line} (${id.replaceAll("-", " ")})`).join(", ");
  const remedy =
    "sudo raspi-config nonint do_serial_hw 1, sudo raspi-config nonint do_serial_cons 1, then restart.";
  const uart = config?.settings.get("enable_uart");
  if (uart && isOn(uart.value)) return [fail(check, `${uart.place}: the UART takes ${what}`, remedy)];
  const console = ["/boot/firmware/cmdline.txt", "/boot/cmdline.txt"].find((path) =>
    /\bconsole=(serial0|ttyAMA\d|ttyS\d)\b/.test(machine.read(path) ?? ""),
  );
  // Without a word of enable_uart it depends on the model: on where Bluetooth does not need the better UART.
  if (console !== undefined && uart === undefined) {
    return [warn(check, `${console}: the serial console may take ${what}`, remedy)];
  }
  return [ok(check, `no UART and no console on ${what}`)];
}
