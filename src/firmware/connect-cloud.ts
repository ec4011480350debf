/**
 * Connects a running device: to Azure where there are credentials, else to the local hub when the guardian has one.
 *
 * Guarantee: the control loop runs already and goes on whatever happens here; the SDK is loaded only when there is
 * somebody to connect to; wrong credentials are a clear word in the log and on the screen, never an end of heat.
 */
import { createHash } from "node:crypto";
import { CredentialError, type Credentials } from "../cloud/credentials.ts";
import { loadCredentials } from "../cloud/load-credentials.ts";
import { systemPrivateFiles } from "../cloud/private-files.ts";
import type { Log } from "../control/log.ts";
import type { CloudHalf } from "./cloud-half.ts";
import type { DataFolder } from "./data-folder.ts";
import { systemFiles } from "./durable-files.ts";
import { exitCodes } from "./exit-codes.ts";
import { gatedFiles } from "./gated-files.ts";
import type { VirtualHardware } from "./hardware.ts";
import { isHubReady } from "./hub-ready.ts";
import { firmwareVersion } from "./package-root.ts";
import { PanelShare } from "./panel-share.ts";
import type { RunningLoop } from "./run-loop.ts";
import { environmentWithSecrets } from "./secret-handover.ts";
import { mayGoTo } from "./simulated-to-cloud.ts";
import { systemClock } from "./system-clock.ts";

export interface ConnectOptions {
  readonly running: RunningLoop;
  readonly data: DataFolder;
  readonly board: string;
  readonly log: Log;
  /** Its keys can be pressed from the local hub's page. */
  readonly virtual: VirtualHardware | undefined;
  /** Somebody asked for simulated readings in a real cloud. */
  readonly simulatedToCloud?: boolean;
}

/** @returns what ends the connection, within a few seconds */
export function connectCloud(options: ConnectOptions): () => Promise<void> {
  const { log, data, running } = options;
  let half: CloudHalf | undefined;
  let connectedBy = "";
  running.device.watch((observation) => half?.observe(observation));
  const connect = async (folder: string, nearby: boolean): Promise<boolean> => {
    try {
      const files = systemPrivateFiles;
      const env = nearby ? {} : await environmentWithSecrets(process, process.env);
      const credentials = await loadCredentials({ dataPath: folder, env, files });
      if (credentials === undefined) return false;
      const readings = {
        simulated: options.virtual !== undefined,
        simulatedToCloud: options.simulatedToCloud === true,
      };
      if (!nearby && !mayGoTo(credentials, readings)) {
        log.warn("credentials-not-used", {
          why: "simulated readings go to no cloud",
          now: "the local hub",
          remedy: "grove-heater run --simulated-to-cloud sends them all the same",
        });
        return false;
      }
      // A local hub that was started again may stand at other ports, or have new keys after its disk was damaged: the
      // old address would lead nowhere for ever, and its certificate would be untrusted for ever.
      const way = fingerprintOf(credentials);
      if (half !== undefined && way === connectedBy) return true;
      const old = half;
      half = undefined;
      await old?.close();
      const { CloudHalf } = await import("./cloud-half.ts");
      half = new CloudHalf({
        device: running.device,
        credentials,
        nearby,
        manifest: running.manifest,
        dataPath: folder,
        files: gatedFiles(systemFiles, data.path, running.manifest),
        clock: systemClock,
        log,
        firmware: firmwareVersion(),
        board: options.board,
        restart: () => running.stop("a restart was asked for", exitCodes.restart),
      });
      connectedBy = way;
      return true;
    } catch (error) {
      const remedy =
        error instanceof CredentialError ? error.remedy : "This is a bug: please report it with this line.";
      log.error("cloud-failed", {
        cause: (error as Error).message,
        remedy,
        now: "heating goes on without it",
      });
      running.device.setLink("offline");
      return true;
    }
  };
  void connect(data.path, false).then((tried) => {
    if (tried) return;
    let panel: PanelShare | undefined;
    let connecting: Promise<unknown> = Promise.resolve();
    process.on("message", (message) => {
      panel?.take(message);
      if (!isHubReady(message)) return;
      log.info("local-hub", { page: message.page });
      panel ??= sharePanel(options);
      connecting = connecting.then(() => connect(message.credentials, true));
    });
    process.send?.({ kind: "no-credentials" }, undefined, undefined, () => {});
  });
  return async () => half?.close();
}

/** Of everything that decides where a connection goes and whether it is let in. */
function fingerprintOf({ way, proof, caPem }: Credentials): string {
  const secret = proof.kind === "key" ? proof.key : proof.keyPem;
  const parts = [way, proof.kind === "key" ? "" : proof.certificatePem, secret.reveal(), caPem ?? ""];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

const sharePanel = ({ running: { device }, virtual }: ConnectOptions): PanelShare =>
  new PanelShare({
    device,
    virtual,
    clock: systemClock,
    // With a callback a channel that is gone is an argument of it, not an exception.
    send: (message, done) => void process.send?.(message, undefined, undefined, () => done()),
  });
