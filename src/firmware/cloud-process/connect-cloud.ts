/**
 * Connects a running device: to Azure where there are credentials, else to the local hub when the guardian has one. Runs
 * in the cloud half's own process.
 *
 * Guarantee: the control loop runs already and goes on whatever happens here; the SDK is loaded only when there is
 * somebody to connect to; wrong credentials are a clear word in the log and a fault on the screen, never an end of heat.
 */
import { createHash } from "node:crypto";
import { CredentialError, type Credentials } from "../../azure/credentials/credentials.ts";
import { loadCredentials } from "../../azure/credentials/load.ts";
import { systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Millis } from "../../base/units.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { HubReady } from "../process/messages.ts";
import { firmwareVersion } from "../process/package-root.ts";
import { environmentWithSecrets } from "../process/secret-handover.ts";
import { systemClock } from "../process/system-clock.ts";
import { systemFiles } from "../storage/durable-files.ts";
import { gatedFiles } from "../storage/gated-files.ts";
import type { CloudHalf } from "./cloud-half.ts";
import type { RemoteDevice } from "./remote-device.ts";
import { mayGoTo } from "./simulated-to-cloud.ts";

export interface ConnectOptions {
  readonly device: RemoteDevice;
  readonly manifest: Manifest;
  readonly dataPath: string;
  readonly board: string;
  readonly log: Log;
  /** The readings are those of the virtual hat. */
  readonly simulated: boolean;
  /** Somebody asked for simulated readings in a real cloud. */
  readonly simulatedToCloud: boolean;
  /** By the clock of this process. */
  readonly startedMs: Millis;
  readonly setOutboxAside: boolean;
  readonly restart: () => void;
  readonly onNoCredentials: () => void;
}

export interface CloudConnection {
  /** The local hub stands: it serves where there is no account. */
  hubReady(hub: HubReady): void;
  close(): Promise<void>;
}

export function connectCloud(options: ConnectOptions): CloudConnection {
  const { log, dataPath, device, manifest } = options;
  let half: CloudHalf | undefined;
  let connectedBy = "";
  let { setOutboxAside } = options;
  device.watch((look) => half?.look(look, systemClock.now()));
  const connect = async (folder: string, nearby: boolean): Promise<boolean> => {
    try {
      const files = systemPrivateFiles;
      const env = nearby ? {} : await environmentWithSecrets(process, process.env);
      const credentials = await loadCredentials({ dataPath: folder, env, files });
      if (credentials === undefined) return false;
      if (!nearby && !mayGoTo(credentials, options)) {
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
        device,
        credentials,
        nearby,
        manifest,
        dataPath: folder,
        files: gatedFiles(systemFiles, dataPath, manifest),
        clock: systemClock,
        log,
        firmware: firmwareVersion(),
        board: options.board,
        startedMs: options.startedMs,
        setOutboxAside,
        restart: options.restart,
      });
      setOutboxAside = false;
      connectedBy = way;
      return true;
    } catch (error) {
      const cause = messageOf(error);
      const remedy =
        error instanceof CredentialError ? error.remedy : "This is a bug: please report it with this line.";
      log.error("cloud-failed", { cause, remedy, now: "heating goes on without it" });
      device.setLink("offline");
      device.setCloudFailure(cause);
      return true;
    }
  };
  let onAccount = true;
  let connecting: Promise<unknown> = connect(dataPath, false).then((tried) => {
    onAccount = tried;
    if (tried) return;
    device.setCloudFailure(undefined);
    options.onNoCredentials();
  });
  return {
    hubReady(hub) {
      connecting = connecting.then(async () => {
        if (!onAccount) await connect(hub.credentials, true);
      });
    },
    close: async () => half?.close(),
  };
}

/** Of everything that decides where a connection goes and whether it is let in. */
function fingerprintOf({ way, proof, caPem }: Credentials): string {
  const secret = proof.kind === "key" ? proof.key : proof.keyPem;
  const parts = [way, proof.kind === "key" ? "" : proof.certificatePem, secret.reveal(), caPem ?? ""];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
