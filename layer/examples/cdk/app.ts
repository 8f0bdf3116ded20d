/** A function with the DataKit extension: `cdk deploy -c datakitLayerArn=... --parameters Dataway=...` */
import { App, CfnParameter, Stack } from "aws-cdk-lib";
import { Architecture, Code, Function, LayerVersion, Runtime } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

/** Adds the extension to functions of the stack. The token comes as a parameter, so that no template holds it. */
export class DatakitExtension {
  private readonly dataway: CfnParameter;

  constructor(private readonly scope: Construct, private readonly layerArn: string) {
    this.dataway = new CfnParameter(Stack.of(scope), "Dataway", {
      type: "String",
      noEcho: true,
      description: "Dataway URL with the token",
    });
  }

  /** `layerArn` must be of the function's region and architecture. */
  addTo(...functions: Function[]): void {
    functions.forEach((fn) => {
      fn.addLayers(LayerVersion.fromLayerVersionArn(this.scope, `Datakit${fn.node.id}`, this.layerArn));
      fn.addEnvironment("ENV_DATAWAY", this.dataway.valueAsString);
    });
  }
}

const app = new App();
const stack = new Stack(app, "CheckoutStack");
const checkout = new Function(stack, "Checkout", {
  runtime: Runtime.NODEJS_22_X,
  handler: "index.handler",
  architecture: Architecture.X86_64,
  code: Code.fromInline("exports.handler = async () => ({ statusCode: 200 });"),
});
new DatakitExtension(stack, app.node.getContext("datakitLayerArn")).addTo(checkout);
app.synth();
