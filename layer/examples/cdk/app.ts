/**
 * Two stacks with the DataKit extension; the second without a secret:
 *   cdk deploy CheckoutStack -c datakitLayerArns=arn:...,arn:... -c datakitSecretArn=arn:...
 *   cdk deploy MailStack     -c datakitLayerArns=arn:...,arn:... --parameters Dataway=https://...
 */
import { App, Stack } from "aws-cdk-lib";
import { Architecture, Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";
import { DatakitExtension, existingSecret } from "./datakit_extension.ts";

const app = new App();
const layerArns = String(app.node.getContext("datakitLayerArns")).split(",");

const functionsOf = (stack: Stack): Function[] =>
  [Architecture.X86_64, Architecture.ARM_64].map((architecture) =>
    new Function(stack, `Checkout${architecture.name === "arm64" ? "Arm" : ""}`, {
      runtime: Runtime.NODEJS_22_X,
      handler: "index.handler",
      architecture,
      code: Code.fromInline("exports.handler = async () => ({ statusCode: 200 });"),
    })
  );

const checkout = new Stack(app, "CheckoutStack");
const secret = existingSecret(checkout, app.node.getContext("datakitSecretArn"));
new DatakitExtension(checkout, "Datakit", { layerArns, dataway: { secret } }).addTo(...functionsOf(checkout));

const mail = new Stack(app, "MailStack");
new DatakitExtension(mail, "Datakit", { layerArns, dataway: { parameter: "Dataway" } }).addTo(
  ...functionsOf(mail),
);

app.synth();
