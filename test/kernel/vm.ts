/**
 * Runs one virtual machine to its end. It always ends: by itself, by a guest that says nothing for too long, or
 * by the limit for the whole; and it never outlives this process.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Tools } from "./prerequisites.ts";
import { type GuestRecord, parseRecord } from "./protocol.ts";

export interface VmOptions {
  /** For the kernel's command line, where the guest finds it. */
  readonly parameter: string;
  readonly initramfs: string;
  /** A disk, which keeps what was written when the machine's power is cut. */
  readonly disk?: string;
  /** File for the kernel's console. */
  readonly consoleLog: string;
  readonly wholeLimitMs: number;
  readonly silenceLimitMs: number;
  /** @param cutPower ends the machine at once, which is no failure then */
  readonly onRecord: (record: GuestRecord, cutPower: () => void) => void;
}

/** Resolves to undefined after an ordinary end, else to the reason why it was not. */
export function runVm(tools: Tools, options: VmOptions): Promise<string | undefined> {
  const qemu = spawn(tools.qemu, qemuArguments(tools, options), { stdio: ["ignore", "pipe", "pipe"] });
  const stop = (): void => {
    qemu.kill("SIGKILL");
  };
  process.once("exit", stop);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  let reason: string | undefined;
  let ended = false;
  let errors = "";
  const cutPower = (): void => {
    ended = true;
    stop();
  };
  const giveUp = (why: string) => (): void => {
    reason ??= why;
    stop();
  };
  const whole = setTimeout(giveUp(`not done after ${options.wholeLimitMs / 1000} s`), options.wholeLimitMs);
  const silence = setTimeout(giveUp(`silent for ${options.silenceLimitMs / 1000} s`), options.silenceLimitMs);

  createInterface({ input: qemu.stdout }).on("line", (line) => {
    const record = parseRecord(line);
    if (record === undefined) return;
    silence.refresh();
    ended ||= record.type === "end" || record.type === "next";
    options.onRecord(record, cutPower);
    if (record.type === "next" && record.by === "power cut") stop();
  });
  qemu.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve) => {
    const settle = (why: string | undefined): void => {
      clearTimeout(whole);
      clearTimeout(silence);
      process.off("exit", stop);
      resolve(why);
    };
    qemu.once("error", (error) => settle(`qemu did not start: ${error.message}`));
    qemu.once("close", (code) =>
      settle(reason ?? (ended ? undefined : `it ended early (${code}) ${errors}`.trim())),
    );
  });
}

function qemuArguments(tools: Tools, options: VmOptions): string[] {
  // Emulation, also where /dev/kvm is there: in a nested machine it is often there and broken. The machine's clock
  // counts its instructions (1 ns each, about what a Pi needs) and follows the real one only while it is idle: on a busy computer its time
  // passes more slowly, so every limit inside it holds as on an idle one. QEMU does this on one thread only.
  return [
    ...[
      "-accel",
      "tcg,thread=single",
      "-icount",
      "shift=0,sleep=on",
      "-smp",
      "1",
      "-cpu",
      "max",
      "-m",
      "2048",
    ],
    ...["-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"],
    ...["-serial", `file:${options.consoleLog}`, "-serial", "stdio"],
    ...["-kernel", tools.kernel.image, "-initrd", options.initramfs],
    ...["-append", `console=ttyS0 quiet panic=-1 ${options.parameter}`],
    // What the guest has not written is lost with it; what it has written is kept by this computer's memory.
    ...(options.disk === undefined
      ? []
      : ["-drive", `file=${options.disk},if=virtio,format=raw,cache=unsafe`]),
  ];
}
