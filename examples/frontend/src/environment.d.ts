interface ImportMetaEnv {
  /** The address of the gateway's GraphQL. */
  readonly VITE_GATEWAY_URL?: string;
}
