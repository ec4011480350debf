/** A server in a process of its own: a port for it, and when it answers. */
import type { ChildProcess } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });

/** Resolves when it answers, whatever it says. Rejects when it ends before. */
export async function untilAnswering(child: ChildProcess, url: string): Promise<void> {
  let said = "";
  let isOver = false;
  const hear = (chunk: Buffer): void => {
    said = `${said}${chunk}`.slice(-2000);
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  child.on("close", () => {
    isOver = true;
  });
  while (!isOver) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return;
    await sleep(200);
  }
  throw new Error(`the server ended: ${said}`);
}
