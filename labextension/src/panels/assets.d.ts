/** What the bundler puts in: style sheets as minified text, and a short hash of all sources. */
declare module "*.css" {
  const text: string;
  export default text;
}

declare const __BUILD__: string;
