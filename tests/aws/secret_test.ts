import { assertEquals, assertRejects } from "@std/assert";
import type { DatawaySecret } from "../../src/config/dataway.ts";
import { createAwsClient } from "../../src/dataway/secret/credentials.ts";
import { readSecretValue } from "../../src/dataway/secret/secret_store.ts";
import { scenario } from "../support/scenario.ts";
import { startMoto } from "./moto.ts";

const REGION = "eu-west-1";
const URL_WITH_TOKEN = "https://openway.example?token=tkn_of_a_secret";

scenario(
  "the three stores of secrets give back what was put into them, asked over signed requests",
  async () => {
    await using aws = await startMoto();
    const env = {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: `${aws.endpoint}/`,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "secret",
    };
    using client = createAwsClient(env);
    const read = (store: DatawaySecret["store"], id: string, key?: string): Promise<string> =>
      readSecretValue({ store, id, key, urls: "" }, env, client.send);

    const { ARN } = await aws.call("secretsmanager", REGION, "create_secret", {
      Name: "dataway",
      SecretString: JSON.stringify({ url: URL_WITH_TOKEN }),
    });
    assertEquals(await read("secretsmanager", ARN, "url"), URL_WITH_TOKEN);
    assertEquals(await read("secretsmanager", "dataway", "url"), URL_WITH_TOKEN);
    await assertRejects(() => read("secretsmanager", "nothing"), Error, "ResourceNotFoundException");

    await aws.call("ssm", REGION, "put_parameter", {
      Name: "/dataway",
      Value: URL_WITH_TOKEN,
      Type: "SecureString",
    });
    assertEquals(await read("ssm", "/dataway"), URL_WITH_TOKEN);
    await assertRejects(() => read("ssm", "/nothing"), Error, "ParameterNotFound");

    const { KeyMetadata } = await aws.call("kms", REGION, "create_key", {});
    const { CiphertextBlob } = await aws.call("kms", REGION, "encrypt", {
      KeyId: KeyMetadata.KeyId,
      Plaintext: URL_WITH_TOKEN,
    });
    assertEquals(await read("kms", CiphertextBlob), URL_WITH_TOKEN);
  },
);
