/** Builds the sources of updates that the owner's file names. */
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { checkConnection } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { defaultMinimumRate } from "../../update/download/download.ts";
import { FeedSource } from "../../update/feed/feed-source.ts";
import { HawkbitSource } from "../../update/hawkbit/hawkbit.ts";
import { systemHttp } from "../../update/hawkbit/http.ts";
import { product } from "../../update/image/image-manifest.ts";
import type { TrustedKey } from "../../update/image/keys.ts";
import type { SlotFiles } from "../../update/slots/slot-files.ts";
import type { SlotStore } from "../../update/slots/slot-store.ts";
import type { UpdateSource } from "../../update/source.ts";
import type { HttpOptions } from "../../update/transport/http-exchange.ts";
import type { Transport } from "../../update/transport/open.ts";
import { proxyOfEnvironment } from "../../update/transport/proxy.ts";
import { systemTransport } from "../../update/transport/transport.ts";
import type { OwnerFile } from "./owner-file.ts";

export interface SourceOptions {
  readonly dataPath: string;
  readonly store: SlotStore;
  readonly files: SlotFiles;
  readonly keys: readonly TrustedKey[];
  readonly manifest: Pick<Manifest, "connections">;
  readonly firmware: string;
  readonly board: string;
  /** Program that runs: "a", "b" or "factory". */
  readonly program: string;
  /** Identifies this unit in a feed's staged roll-out. */
  readonly unitId: string;
  readonly isSealed: () => boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
}

/** Records of sources and downloads; in the data folder, so that the storage that the app manifest grants counts it. */
export const updatesFolder = (dataPath: string): string => join(dataPath, "updates");

/** For the feed's small documents and for downloads. @throws RangeError for an invalid proxy */
export const transportOf = (owner: OwnerFile, options: Pick<SourceOptions, "env" | "manifest">): Transport =>
  systemTransport(httpOptions(owner, options));

/** The same for all requests: the certificate authorities of the owner and of the hawkBit server, and the proxy. */
function httpOptions(
  { caPem, hawkbit }: OwnerFile,
  { env, manifest }: Pick<SourceOptions, "env" | "manifest">,
): HttpOptions {
  const authorities = [caPem, hawkbit?.caPem].filter((pem) => pem !== undefined);
  return {
    proxy: proxyOfEnvironment(env),
    authorities: authorities.length === 0 ? undefined : authorities.join("\n"),
    identity: hawkbit?.identity && { origin: hawkbit.base.origin, ...hawkbit.identity },
    refusal: (host) => checkConnection(manifest, host),
  };
}

/** In order of precedence. */
export function sourcesOf(owner: OwnerFile, options: SourceOptions): UpdateSource[] {
  const { dataPath, store, files, keys, unitId, isSealed, clock, log } = options;
  const sources: UpdateSource[] = [];
  if (owner.hawkbit !== undefined) {
    sources.push(
      new HawkbitSource({
        access: owner.hawkbit,
        http: systemHttp(httpOptions(owner, options)),
        clock,
        log,
        attributes: () => attributesOf(options),
        consent: () =>
          isSealed()
            ? { given: true }
            : { given: false, reason: "this unit is not sealed, so it does not update itself" },
      }),
    );
  }
  if (owner.feed !== undefined) {
    sources.push(
      new FeedSource({
        ...owner.feed,
        unitId,
        trusted: keys,
        known: () => {
          const { slots, active, counterFloor, failed } = store.read();
          return { running: active === null ? undefined : slots[active]?.digest, counterFloor, failed };
        },
        transport: transportOf(owner, options),
        clock,
        files,
        folder: updatesFolder(dataPath),
        rate: defaultMinimumRate,
        note: (event, fields) => log.info(event, fields),
      }),
    );
  }
  return sources;
}

const attributesOf = ({
  firmware,
  board,
  program,
  isSealed,
}: SourceOptions): Readonly<Record<string, string>> => ({
  product,
  version: firmware,
  board,
  program,
  node: process.versions.node,
  architecture: process.arch,
  sealed: String(isSealed()),
});
