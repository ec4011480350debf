/** The interface to open a document, wherever it is stored. */

export interface OpenRequest {
  /** `https:`, `http:` or `file:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Number of bytes that were already downloaded. */
  readonly from: number;
  /** Their strong entity tag: if it changed, the whole document is sent. */
  readonly etag: string | undefined;
  readonly signal: AbortSignal;
}

export interface Opened {
  /** Offset of the first chunk: the requested one, or 0. */
  readonly from: number;
  /** Bytes of the whole document; `undefined` if the server does not say. */
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
