/**
 * Checks what config.txt does to the board's GPIO lines before Linux starts: pulls, levels, overlays, the
 * console.
 *
 * Guarantee: a finding names the line of config.txt. Source for the lines that each overlay uses: the README
 * of the overlays in the Raspberry Pi kernel (arch/arm/boot/dts/overlays/README).
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
    ...(firmwareSetsPulls(wiring, gpio) ? [pullsSet] : checkButtonPulls(roles, config)),
    ...checkOverlays(wiring, config),
    ...checkConsole(machine, roles, config),
  ];
}

/** The last of several directives for a line takes effect. */
const directiveFor = (config: BootConfig | undefined, line: number): GpioDirective | undefined =>
  config?.gpio.findLast(({ lines }) => lines.has(line));

/** The board definition is rejected unless the line is pulled to off after reset (relay-unsafe-at-boot). */
function checkRelayPull({ relay }: Wiring, config: BootConfig | undefined): Finding[] {
  const check = "relay-pull";
  const { line, activeLevel } = relay;
  const off = activeLevel === 1 ? "down" : "up";
  const directive = directiveFor(config, line);
  if (directive === undefined)
    return [
      ok(check, `GPIO${line} is pulled ${off} after reset: the heater stays off until the firmware runs`),
    ];
  const { options, place, text } = directive;
  const has = (option: string) => options.includes(option);
  const remedy = `Write gpio=${line}=op,${activeLevel === 1 ? "dl" : "dh"} there instead, or remove line ${line} from it; then restart.`;
  if (has("op") && has(activeLevel === 1 ? "dh" : "dl")) {
    return [fail(check, `${place} (${text}) turns the heater ON whenever the computer starts`, remedy)];
  }
  if (has(activeLevel === 1 ? "pu" : "pd")) {
    return [fail(check, `${place} (${text}) pulls the relay's line GPIO${line} to ON at every boot`, remedy)];
  }
  if (has("np") || options.some((option) => /^a[0-8]$/.test(option))) {
    return [
      fail(check, `${place} (${text}) leaves the relay's line GPIO${line} floating during boot`, remedy),
    ];
  }
  return [ok(check, `GPIO${line} is off after reset; ${place} keeps it off (${text})`)];
}

const pullsSet = ok(
  "button-pulls",
  'the firmware pulls every button\'s line to "not pressed" when it starts',
);

/** With the character device the firmware sets the pulls; those of config.txt apply only until it starts. */
function firmwareSetsPulls({ gpioChipLabels }: Wiring, gpio: GpioSource): boolean {
  try {
    return findGpio(gpioChipLabels, gpio).backend === "chardev";
  } catch {
    return false;
  }
}

/** Without its cable, a button's line follows the pull resistor inside the Pi (SR-13). */
function checkButtonPulls(roles: readonly Role[], config: BootConfig | undefined): Finding[] {
  const check = "button-pulls";
  const buttons = roles.filter(({ kind }) => kind === "button");
  if (config === undefined) {
    const needed = buttons.map(({ wired }) => `GPIO${wired.line} ${idlePull(wired)}`).join(", ");
    return [skip(check, `there is no config.txt; without its cable each button needs a pull: ${needed}`)];
  }
  const findings = buttons.flatMap((role) => checkButtonPull(role, config));
  if (findings.length > 0) return findings;
  return [ok(check, 'without its cable, every button\'s line is pulled to "not pressed"')];
}

/** The options of config.txt for a pull. */
const pullOption = { up: "pu", down: "pd" } as const;

function checkButtonPull({ id, wired }: Role, config: BootConfig): Finding[] {
  const check = "button-pulls";
  const { line, bootLevel } = wired;
  const pull = idlePull(wired);
  const wanted = pullOption[pull];
  const directive = directiveFor(config, line);
  const where = directive && `${directive.place} (${directive.text})`;
  const remedy = `Write gpio=${line}=ip,${wanted} there instead; then restart.`;
  const has = (option: string) => directive?.options.includes(option) === true;
  if (has("op"))
    return [fail(check, `${where} drives the button's line GPIO${line}: a press short-circuits it`, remedy)];
  if (has("np")) {
    return [
      warn(check, `${where} leaves GPIO${line} (${id}) without a pull: without its cable it floats`, remedy),
    ];
  }
  const explicit = (["pu", "pd"] as const).find(has);
  if (explicit === wanted) return [];
  if (explicit !== undefined) {
    const detail = `${where} pulls GPIO${line} to "pressed", against the button's own resistor`;
    return [warn(check, detail, remedy)];
  }
  if (bootLevel !== undefined && bootLevel !== wired.activeLevel) return [];
  const pulled = bootLevel === undefined ? "has no pull" : `is pulled ${bootLevel === 1 ? "up" : "down"}`;
  const detail = `GPIO${line} (${id}) ${pulled} after reset: without its cable it can read "pressed"`;
  const missing = `Write gpio=${line}=${wanted} in ${config.file}, which pulls it ${pull}; then restart.`;
  return [warn(check, detail, directive ? remedy : missing)];
}

/** The GPIO lines of an overlay: fixed ones, and those set by a parameter, with its default. */
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
/** Overlays of sound cards, which all use the I²S lines. */
const soundCard = /^(hifiberry|iqaudio|justboom|allo|audioinjector|i2s-|googlevoicehat|wm8960|max98357a)/;

function linesOf({ name, params }: Overlay): readonly number[] {
  if (soundCard.test(name)) return i2sLines;
  const known = overlayLines[name];
  const chosen = Object.entries(known?.params ?? {}).map(([param, defaultLine]) =>
    Number(params.get(param) ?? defaultLine),
  );
  return [...(known?.fixed ?? []), ...chosen];
}

function checkOverlays(wiring: Wiring, config: BootConfig | undefined): Finding[] {
  const check = "overlays";
  if (config === undefined)
    return [skip(check, "there is no config.txt, so other users of the lines are unknown")];
  const used = new Map(rolesOf(wiring).map(({ id, wired }) => [wired.line, id.replaceAll("-", " ")]));
  const findings: Finding[] = [];
  for (const overlay of config.overlays) {
    const { name, place } = overlay;
    const remedy = "Remove that line from config.txt, or give it another GPIO line; then restart.";
    if (name === "gpio-no-irq") {
      findings.push(fail(check, `${place}: with ${name} button presses are not detected`, remedy));
    }
    const taken = linesOf(overlay).filter((line) => used.has(line));
    if (taken.length === 0) continue;
    const what = taken.map((line) => `GPIO${line} (${used.get(line)})`).join(", ");
    findings.push(fail(check, `${place}: ${name} uses ${what}, which the board needs`, remedy));
  }
  const i2s = config.params.get("i2s");
  const i2sTaken = i2sLines.filter((line) => used.has(line));
  if (i2s && isOn(i2s.value) && i2sTaken.length > 0) {
    const what = i2sTaken.map((line) => `GPIO${line} (${used.get(line)})`).join(", ");
    findings.push(
      warn(check, `${i2s.place}: sound over I²S may use ${what}`, "Remove dtparam=i2s=on, then restart."),
    );
  }
  if (findings.length > 0) return findings;
  return [ok(check, `no known overlay in ${config.file} uses a line of the board`)];
}

/** TXD and RXD on the header, and the hat's UART socket. */
const uartLines = [14, 15];

function checkConsole(machine: Machine, roles: readonly Role[], config: BootConfig | undefined): Finding[] {
  const check = "serial-console";
  const used = roles.filter(({ wired }) => uartLines.includes(wired.line));
  if (used.length === 0) return [ok(check, "the board does not use the UART's lines GPIO14 and GPIO15")];
  const what = used.map(({ id, wired }) => `GPIO${wired.line} (${id.replaceAll("-", " ")})`).join(", ");
  const remedy =
    "sudo raspi-config nonint do_serial_hw 1, sudo raspi-config nonint do_serial_cons 1, then restart.";
  const uart = config?.settings.get("enable_uart");
  if (uart && isOn(uart.value)) return [fail(check, `${uart.place}: the UART uses ${what}`, remedy)];
  const console = ["/boot/firmware/cmdline.txt", "/boot/cmdline.txt"].find((path) =>
    /\bconsole=(serial0|ttyAMA\d|ttyS\d)\b/.test(machine.read(path) ?? ""),
  );
  // Without enable_uart it depends on the model: the UART is on where Bluetooth does not use the full UART.
  if (console !== undefined && uart === undefined) {
    return [warn(check, `${console}: the serial console may use ${what}`, remedy)];
  }
  return [ok(check, `no UART and no console on ${what}`)];
}
