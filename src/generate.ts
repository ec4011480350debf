/** `npm run generate`: writes the documents in manifest/model from the tables in src/model. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./firmware/process/package-root.ts";
import { documents } from "./model/documents.ts";

for (const [name, text] of documents()) writeFileSync(join(packageRoot, "manifest", "model", name), text);
