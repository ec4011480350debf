/**
 * Feeds systemd's watchdog (sd_notify(3), systemd.service(5) WatchdogSec=), which kills a service whose
 * guardian hangs.
 *
 * Guarantee: a message is sent only when the caller has proof that the loop works, at most four times in the
 * interval, and never two at once; nothing waits for it. Node.js cannot write to a datagram socket, so
 * systemd's own `systemd-notify` does, in a process that lasts a few milliseconds.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { millis, seconds } from "../../base/units.ts";

export interface ServiceWatchdogOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests: replaces the program that sends. */
  readonly send?: (socket: string) => ChildProcess;
}

/** Messages in each interval, so that two may be lost. */
const messagesPerInterval = 4;
/** A sender that takes longer is killed. */
const sendTimeout = seconds(5);

/** @returns the function to call at each proof; `undefined` outside a service with a watchdog */
export function serviceWatchdog(options: ServiceWatchdogOptions): (() => void) | undefined {
  const { env, clock, log, send = systemdNotify } = options;
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: interval } = env;
  if (!socket || !/^[1-9]\d*$/.test(interval ?? "")) return undefined;
  const spacingMs = Number(interval) / 1000 / messagesPerInterval;
  let next = clock.now();
  let sending = false;
  return () => {
    if (sending || clock.now() < next) return;
    next = millis(clock.now() + spacingMs);
    sending = true;
    let hasEnded = false;
    let cancel = (): void => {};
    const ended = (failure: string | undefined): void => {
      if (hasEnded) return;
      hasEnded = true;
      sending = false;
      cancel();
      if (failure !== undefined) log.error("service-watchdog-not-fed", { reason: failure });
    };
    try {
      const child = send(socket);
      child.once("error", (error) => ended(reasonOf(error)));
      child.once("exit", (code, signal) => ended(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
      child.unref();
      cancel = clock.setTimer(sendTimeout, () => void child.kill("SIGKILL"));
    } catch (error) {
      ended(reasonOf(error));
    }
  };
}

const systemdNotify = (socket: string): ChildProcess =>
  spawn("systemd-notify", ["WATCHDOG=1"], {
    stdio: "ignore",
    env: { PATH: "/usr/bin:/bin", NOTIFY_SOCKET: socket },
  });
