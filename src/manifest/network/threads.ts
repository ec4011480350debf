/**
 * The gate's hold on what a thread of this process could get around it by.
 *
 * Guarantees: a worker thread begins with the same gate, whatever starts it and whatever it imports, and so does a
 * worker's worker; Node's own network bindings are not handed out.
 */
import workerThreads, { type WorkerOptions } from "node:worker_threads";
import type { NetworkGrants } from "../manifest.ts";
import { NeverGrantedError } from "../refusal.ts";
import { gateMethod, replaceValue } from "./patch.ts";

/** Under which a thread finds what is granted to it. */
export const grantsKey = "grove-heater network grants";

/** @param workerGate path of the built worker-gate.ts */
export function gateThreads(grants: NetworkGrants, workerGate: string): (() => void)[] {
  const { connections, tcpServerPorts, udpServerPorts } = grants;
  const handedOver: NetworkGrants = { connections, tcpServerPorts, udpServerPorts };
  const Worker = workerThreads.Worker;
  class GatedWorker extends Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      // At each start, in case that somebody wrote over it. A copy of it is the worker's from its first line on.
      workerThreads.setEnvironmentData(grantsKey, handedOver);
      // By --require: --import would come after a worker whose code is a text.
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

/** process.binding() is deprecated (DEP0111) and open all the same; old packages ask it for other things. */
function gateBindings(): () => void {
  return gateMethod(process, "binding", (original, self, args) => {
    const [name] = args;
    if (!networkBindings.includes(String(name))) return Reflect.apply(original, self, args);
    throw new NeverGrantedError(`process.binding("${name}")`, "use node:net, node:dgram or node:dns");
  });
}
