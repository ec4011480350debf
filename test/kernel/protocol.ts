/** The kinds of machine that the rig can be; each runs in a virtual machine of its own. The last one has no sysfs GPIO. */
export const machineNames = ["pi-4", "pi-5", "pi-5-chardev"] as const;
export type MachineName = (typeof machineNames)[number];
/** On the kernel's command line, where its name follows. */
export const machineParameter = "grove_rig.machine=";

/** Likewise: a word that the names of the scenarios to run have; all of them without. */
export const wordParameter = "grove_rig.word=";

/** What the guest says to the rig, one JSON object a line, on the virtual machine's second serial port. */
export type GuestRecord =
  | { readonly type: "ready"; readonly kernel: string; readonly node: string; readonly sinceBootMs: number }
  | { readonly type: "started"; readonly name: string }
  | { readonly type: "passed"; readonly name: string; readonly ms: number; readonly measured: string }
  | { readonly type: "failed"; readonly name: string; readonly ms: number; readonly why: string }
  /** This start of the machine is over, and another follows. */
  | { readonly type: "next"; readonly by: "power cut" | "order" }
  /** How long the relay was on after something happened. */
  | { readonly type: "time"; readonly what: string; readonly ms: number; readonly limitMs: number }
  /** Set-points that may come back when the power is cut from now on. */
  | { readonly type: "shown"; readonly targets: readonly number[] }
  | { readonly type: "end" };

/** Kernel messages can cut into a line; what is not one of ours is no record. */
export function parseRecord(line: string): GuestRecord | undefined {
  const start = line.indexOf('{"type":');
  if (start < 0) return undefined;
  try {
    return JSON.parse(line.slice(start)) as GuestRecord;
  } catch {
    return undefined;
  }
}
