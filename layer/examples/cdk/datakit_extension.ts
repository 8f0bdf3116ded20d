/** The DataKit extension for functions of any stack: importing this file synthesises nothing. */
import { CfnParameter, Stack, Token } from "aws-cdk-lib";
import { type Function, LayerVersion, Runtime } from "aws-cdk-lib/aws-lambda";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";

/** Where the extension finds the Dataway URL with its token. */
export type DatawaySource =
  /** Read by the extension itself, with the function's role, which is granted the right. `key`: of a JSON secret. */
  | { readonly secret: ISecret; readonly key?: string }
  /** A parameter of this name of each stack, without echo. Whoever may read a function's settings reads the token. */
  | { readonly parameter: string };

export interface DatakitExtensionProps {
  /**
   * Layer versions whose names end in their architecture, as those that `deno task publish` makes: for example all
   * ARNs of `arns.json`. Each function takes that of its own region and architecture.
   */
  readonly layerArns: readonly string[];
  readonly dataway: DatawaySource;
}

/** `new DatakitExtension(this, "Datakit", { layerArns, dataway: { secret } }).addTo(checkout, mailer)` */
export class DatakitExtension extends Construct {
  constructor(scope: Construct, id: string, private readonly props: DatakitExtensionProps) {
    super(scope, id);
  }

  /** The functions may be of any stack. Throws when a function takes no layer, or none of the layers fits it. */
  addTo(...functions: Function[]): void {
    for (const fn of functions) {
      if (fn.runtime === Runtime.FROM_IMAGE) {
        throw new Error(
          `${fn.node.path} is a container image, which takes no layers: copy the extension into it`,
        );
      }
      fn.addLayers(LayerVersion.fromLayerVersionArn(fn, "DatakitLayer", this.layerFor(fn)));
      this.addDestination(fn);
    }
  }

  private layerFor(fn: Function): string {
    const { region } = Stack.of(fn);
    const architecture = fn.architecture.name;
    const fitting = this.props.layerArns.filter((arn) =>
      arn.split(":")[6]?.endsWith(`-${architecture}`) &&
      (Token.isUnresolved(region) || arn.split(":")[3] === region)
    );
    const [layer] = fitting;
    if (layer !== undefined && fitting.length === 1) return layer;
    throw new Error(
      `${fn.node.path} needs one layer for ${architecture} in ${
        Token.isUnresolved(region) ? "its region" : region
      }: there are ${fitting.length}` +
        (fitting.length > 1 ? ". Give the stack its region (env), or the layers of one region only" : ""),
    );
  }

  private addDestination(fn: Function): void {
    const { dataway } = this.props;
    if ("parameter" in dataway) {
      // Of the function's own stack: another's would be exported, and stand readable in its outputs.
      fn.addEnvironment("ENV_DATAWAY", parameterOf(Stack.of(fn), dataway.parameter).valueAsString);
      return;
    }
    const { secret, key } = dataway;
    secret.grantRead(fn);
    const arn = secret.secretFullArn ?? secret.secretArn;
    fn.addEnvironment("ENV_DATAWAY_SECRET_ARN", key === undefined ? arn : `${arn}#${key}`);
  }
}

/** A secret that is there already, by its complete ARN. */
export function existingSecret(scope: Construct, completeArn: string): ISecret {
  return Secret.fromSecretCompleteArn(scope, "DatakitSecret", completeArn);
}

function parameterOf(stack: Stack, name: string): CfnParameter {
  const found = stack.node.tryFindChild(name);
  if (found instanceof CfnParameter) return found;
  return new CfnParameter(stack, name, {
    type: "String",
    noEcho: true,
    description: "Dataway URL with the token",
  });
}
