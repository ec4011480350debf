/**
 * Prevents threads of this process from bypassing the gate.
 *
 * Guarantees: a worker thread starts with the same gate, whatever starts it and whatever it imports, and so
 * do its own workers; Node's internal network bindings are not accessible.
 */
import workerThreads, { type WorkerOptions } from "node:worker_threads";
import type { NetworkGrants } from "../manifest.ts";
import { NeverGrantedError } from "../refusal.ts";
import { gateMethod, replaceValue } from "./patch.ts";

/** The key of the environment data with a thread's grants. */
export const grantsKey = "grove-heater network grants";

/** @param workerGate path of the built worker-gate.ts */
export function gateThreads(grants: NetworkGrants, workerGate: string): (() => void)[] {
  const { connections, tcpServerPorts, udpServerPorts } = grants;
  const grantsOfWorkers: NetworkGrants = { connections, tcpServerPorts, udpServerPorts };
  const Worker = workerThreads.Worker;
  class GatedWorker extends Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      // At each start, in case other code overwrote it. The worker has its own copy from its first line on.
      workerThreads.setEnvironmentData(grantsKey, grantsOfWorkers);
      // With --require, because --import would run after the code of a worker that is given as text.
      super(file, {
        ...options,
        execArgv: ["--require", workerGate, ...(options.execArgv ?? [])],
        env: withoutNodeOptions(options.env ?? process.env),
      });
    }
  }
  Object.defineProperty(GatedWorker, "name", { value: "Worker" });
  return [replaceValue(workerThreads, "Worker", GatedWorker), gateBindings()];
}

/** NODE_OPTIONS could load code before the gate. */
function withoutNodeOptions(env: NonNullable<WorkerOptions["env"]>): NonNullable<WorkerOptions["env"]> {
  if (typeof env === "symbol") return env;
  const { NODE_OPTIONS: _, ...rest } = env;
  return rest;
}

const networkBindings = ["tcp_wrap", "udp_wrap", "cares_wrap"];

/** process.binding() is deprecated (DEP0111) but still works; old packages use it for other bindings. */
function gateBindings(): () => void {
  return gateMethod(process, "binding", (original, self, args) => {
    const [name] = args;
    if (!networkBindings.includes(String(name))) return Reflect.apply(original, self, args);
    throw new NeverGrantedError(`process.binding("${name}")`, "use node:net, node:dgram or node:dns");
  });
}
