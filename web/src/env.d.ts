declare module 'virtual:opus-wasm-url' {
  /** Where the built page serves libopus; null in development and tests, where it is embedded in the module. */
  const url: string | null;
  export default url;
}
declare module '*.css';
