# A function with the DataKit extension:
#   TF_VAR_dataway='https://openway.guance.com?token=...' terraform apply

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
  }
}

variable "datakit_layer_arn" {
  type        = string
  description = "ARN of the layer for the function's region and architecture"

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.datakit_layer_arn))
    error_message = "It must be the ARN of a layer's version."
  }
}

variable "dataway" {
  type        = string
  description = "Dataway URL with the token"
  sensitive   = true
}

data "aws_partition" "current" {}

data "archive_file" "code" {
  type        = "zip"
  output_path = "${path.module}/checkout.zip"

  source {
    filename = "index.js"
    content  = "exports.handler = async () => ({ statusCode: 200 });"
  }
}

resource "aws_iam_role" "checkout" {
  name = "checkout"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.checkout.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "checkout" {
  function_name    = "checkout"
  role             = aws_iam_role.checkout.arn
  runtime          = "nodejs22.x"
  handler          = "index.handler"
  architectures    = ["x86_64"]
  filename         = data.archive_file.code.output_path
  source_code_hash = data.archive_file.code.output_base64sha256

  # These two are all that the extension needs.
  layers = [var.datakit_layer_arn]
  environment {
    variables = {
      ENV_DATAWAY = var.dataway
    }
  }
}
