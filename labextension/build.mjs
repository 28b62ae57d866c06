/** Bundles each panel into one ES module for anywidget: `node labextension/build.mjs [--watch]`. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const PANELS = ["player", "progress", "generate", "queue", "compare"];
const TARGET = ["chrome111", "firefox113", "safari16.4"];

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "src");
const out = join(here, "..", "hay_say_lab", "widgets", "static");

/** A style sheet, its imports taken in, as minified text. */
const cssAsText = {
    name: "css-as-text",
    setup(build) {
        build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
            const made = await esbuild.build({
                entryPoints: [path],
                bundle: true,
                minify: true,
                write: false,
                target: TARGET,
                metafile: true
            });
            return {
                contents: made.outputFiles[0].text.trim(),
                loader: "text",
                watchFiles: Object.keys(made.metafile.inputs)
            };
        });
    }
};

/** The same sources give the same bundle: the stamp is a hash of them, not a time. */
function stamp() {
    const hash = createHash("sha256");
    for (const entry of readdirSync(sources, { recursive: true, withFileTypes: true }).sort(byPath)) {
        if (entry.isFile()) {
            hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)));
        }
    }
    return hash.digest("hex").slice(0, 10);
}

function byPath(one, other) {
    const paths = [one, other].map(({ parentPath, name }) => join(parentPath, name));
    return paths[0] < paths[1] ? -1 : 1;
}

const options = {
    entryPoints: PANELS.map(panel => join(sources, "panels", `${panel}.ts`)),
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    charset: "utf8",
    target: TARGET,
    legalComments: "none",
    define: { __BUILD__: JSON.stringify(stamp()) },
    plugins: [cssAsText],
    metafile: true,
    logLevel: "warning"
};

if (process.argv.includes("--watch")) {
    const context = await esbuild.context({ ...options, logLevel: "info" });
    await context.watch();
} else {
    const { metafile } = await esbuild.build(options);
    for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
        process.stdout.write(`${relative(process.cwd(), file)}  ${(bytes / 1024).toFixed(1)} kB\n`);
    }
}
