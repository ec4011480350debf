/**
 * Feeds the watchdog of systemd (sd_notify(3), systemd.service(5) WatchdogSec=), which ends a service whose guardian hangs.
 *
 * Guarantee: a message is sent only after a proof, four times in the interval at most, and never two at once; nothing waits
 * for it. Node.js cannot write to a datagram socket, so systemd's own `systemd-notify` does: a process of some
 * milliseconds. A program of our own with a socket would take its place here.
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
  /** For tests: another way to send. */
  readonly send?: (socket: string) => ChildProcess;
}

/** Of the interval, so that two messages may be lost. */
const share = 4;
/** A manager that answers no sooner is not waited for. */
const sendLimit = seconds(5);

/** @returns what to call at each proof; `undefined` outside a service with a watchdog */
export function serviceWatchdog(options: ServiceWatchdogOptions): (() => void) | undefined {
  const { env, clock, log, send = systemdNotify } = options;
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: interval } = env;
  if (!socket || !/^[1-9]\d*$/.test(interval ?? "")) return undefined;
  const every = Number(interval) / 1000 / share;
  let next = clock.now();
  let sending = false;
  return () => {
    if (sending || clock.now() < next) return;
    next = millis(clock.now() + every);
    sending = true;
    let over = false;
    let cancel = (): void => {};
    const ended = (failure: string | undefined): void => {
      if (over) return;
      over = true;
      sending = false;
      cancel();
      if (failure !== undefined) log.error("service-watchdog-not-fed", { reason: failure });
    };
    try {
      const child = send(socket);
      child.once("error", (error) => ended(reasonOf(error)));
      child.once("exit", (code, signal) => ended(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
      child.unref();
      cancel = clock.setTimer(sendLimit, () => void child.kill("SIGKILL"));
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
