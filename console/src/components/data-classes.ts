/** Classes of content, what is guarded least first. */
export const DATA_CLASSES = ['public', 'internal', 'confidential', 'restricted'] as const
