/** Stand-in until the generated types are here. */
/* eslint-disable @typescript-eslint/no-explicit-any */
export type TaskSnapshot = Record<string, any>;
export type CvSnapshot = Record<string, any>;
export type UserSnapshot = Record<string, any>;
export type TaskEvents = Record<string, any>;
export type CvEvents = Record<string, any>;
export type UserEvents = Record<string, any>;
export type TaskLive = Record<string, any>;
export type CvLive = Record<string, any>;
