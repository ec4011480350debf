/** Before any test: dist/ is what the sources say, also when vitest is run by hand. */
import { buildIfStale } from "../src/bootstrap/prepare.mjs";

export default buildIfStale;
