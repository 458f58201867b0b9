export { EstafetteProvider, useClient, type EstafetteProviderProps } from "./provider.js";
export {
  useCall,
  useConnection,
  useCv,
  useOutages,
  useTask,
  useTopic,
  useUser,
  type CallState,
  type UseCall,
} from "./hooks.js";
