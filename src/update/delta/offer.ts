/** What a source says of a delta, beside the whole image that an assignment names. */
import type { ImageLocation } from "../source.ts";

export interface DeltaOffer {
  /** Digest of the image that it begins with. */
  readonly from: string;
  /** Digest of the image that it gives. */
  readonly to: string;
  readonly file: ImageLocation;
}

/** An assignment may have one; a source that knows none leaves it out. */
export interface WithDelta {
  readonly delta?: DeltaOffer;
}
