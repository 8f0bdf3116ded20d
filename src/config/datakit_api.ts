/** Settings of the DataKit API (`/v1/write/*`, `/v1/ping`). It has no variables: it is the main listener's own. */
export interface DatakitApiConfig {
  /** Our version, told by `/v1/ping` and the `X-DataKit` header. */
  readonly version: string;
  /** Told by `/v1/ping`. */
  readonly hostname: string;
}
