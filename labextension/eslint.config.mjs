import { join } from "node:path";
import tseslint from "typescript-eslint";

export default tseslint.config(
    ...tseslint.configs.strict,
    {
        files: ["labextension/{src,tests}/**/*.ts"],
        languageOptions: {
            parserOptions: { project: "./tsconfig.json", tsconfigRootDir: join(import.meta.dirname, "..") }
        },
        rules: {
            "@typescript-eslint/no-floating-promises": "error",
            "@typescript-eslint/no-misused-promises": "error",
            "@typescript-eslint/switch-exhaustiveness-check": "error",
            eqeqeq: "error",
            "no-console": "error",
            "no-restricted-properties": [
                "error",
                { property: "innerHTML", message: "Data becomes text, never markup: see dom.ts." },
                { property: "outerHTML", message: "Data becomes text, never markup: see dom.ts." },
                { property: "insertAdjacentHTML", message: "Data becomes text, never markup: see dom.ts." }
            ]
        }
    },
    { files: ["labextension/*.mjs"], rules: { eqeqeq: "error" } }
);
