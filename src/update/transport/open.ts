/** What opening a document asks and gives, whatever it lies on. */

export interface OpenRequest {
  /** `https:`, `http:` or `file:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the document that are here already. */
  readonly from: number;
  /** The strong entity tag that those had: where it changed, the whole document comes. */
  readonly etag: string | undefined;
  readonly signal: AbortSignal;
}

export interface Opened {
  /** Where `chunks` begin: what was asked for, or 0. */
  readonly from: number;
  /** Bytes of the whole document; `undefined` where the server does not say. */
  readonly size: number | undefined;
  readonly etag: string | undefined;
  /** @throws DownloadError */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the transfer; safe to call at any time. */
  close(): void;
}

export interface Transport {
  /** @throws DownloadError, the signal's reason */
  open(request: OpenRequest): Promise<Opened>;
}
