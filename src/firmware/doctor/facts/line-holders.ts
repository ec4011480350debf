/**
 * Finds the driver that the device tree assigns a GPIO line to. Every user may read the device tree, but only
 * root may read the kernel's own list of lines (/sys/kernel/debug/gpio).
 *
 * Guarantee: it reports only what the tree contains; a disabled node holds nothing. Overlays put their nodes
 * at the root, keys or LEDs one level below (Documentation/devicetree/bindings/gpio/gpio.txt: controller,
 * line, flags, 32 bits each).
 */
import type { Machine } from "../machine.ts";

const tree = "/proc/device-tree";
const cellBytes = 4;
const cellsPerLine = 3;

/** @param line as the SoC numbers it. @returns the driver's name, such as "w1-gpio" */
export function deviceTreeHolder(machine: Machine, line: number): string | undefined {
  const controller = controllerOf(machine);
  if (controller === undefined) return undefined;
  for (const name of machine.list(tree)) {
    const node = `${tree}/${name}`;
    if (name.startsWith("__") || machine.kind(node) !== "folder") continue;
    const below = machine.list(node).map((child) => `${node}/${child}`);
    const nodes = [node, ...below.filter((path) => machine.kind(path) === "folder")];
    const holds = nodes.some(
      (path) => isOn(machine, path) && linesOf(machine, path, controller).includes(line),
    );
    if (holds && isOn(machine, node)) return text(machine, `${node}/compatible`) ?? name;
  }
  return undefined;
}

/** The phandle by which other nodes refer to the GPIO controller of the header. */
function controllerOf(machine: Machine): number | undefined {
  const path = text(machine, `${tree}/__symbols__/gpio`);
  return path === undefined ? undefined : cells(machine, `${tree}${path}/phandle`)[0];
}

function linesOf(machine: Machine, node: string, controller: number): number[] {
  const properties = machine.list(node).filter((name) => /(?:^|-)gpios?$/.test(name));
  return properties.flatMap((name) => {
    const values = cells(machine, `${node}/${name}`);
    return values.filter((_, at) => at % cellsPerLine === 1 && values[at - 1] === controller);
  });
}

const isOn = (machine: Machine, node: string): boolean =>
  ["okay", "ok", undefined].includes(text(machine, `${node}/status`));

/** The first string of a property: each ends with a NUL. */
const text = ({ read }: Machine, path: string): string | undefined => read(path)?.split("\0")[0];

/** 32-bit numbers, big-endian. */
function cells({ bytes }: Machine, path: string): number[] {
  const content = bytes(path);
  if (content === undefined) return [];
  const count = Math.floor(content.length / cellBytes);
  return Array.from({ length: count }, (_, at) => content.readUInt32BE(at * cellBytes));
}
