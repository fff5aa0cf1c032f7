/** How a long task reports and is called off. Progress may come at any rate: the gateway thins it out. */
export interface Task<Progress> {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}
